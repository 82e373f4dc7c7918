// An ensemble's steps and the tensors that go from one to the other: a directed acyclic graph, as a value.
//
//   config.pbtxt -> graph_of() -> check_models() with the models that its steps name -> EnsembleRun
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/model/signature.h"
#include "staronnx/serve/model_config.h"
#include "staronnx/serve/request_check.h"

namespace staronnx {

struct EnsembleGraph {
  struct Wire {
    std::string name;        // of the input or output of the step's model
    std::size_t tensor = 0;  // of the ensemble
  };
  struct Step {
    int position = 0;  // in the configuration, for messages
    std::string model;
    std::optional<std::int64_t> version = {};  // nothing: the latest
    std::vector<Wire> inputs, outputs;
  };

  std::vector<std::string> tensors;  // by name: the ensemble's inputs in their order, then what steps write
  std::vector<std::size_t> outputs;  // of the ensemble, in their order: which tensors they are
  std::vector<Step> steps;           // each after those whose outputs it reads
};

// Of a configuration with steps. Those that wait for themselves are left out; parsed configurations have none (config_ensemble.h).
EnsembleGraph graph_of(const inference::ModelConfig& config);

// "ensemble_scheduling.step[1]"
std::string called(const EnsembleGraph::Step& step);

// An ensemble's own inputs and outputs, as its steps see them.
Signature signature_of(const inference::ModelConfig& config);

// Whether the models (one per step) have the inputs and outputs that their steps name, with the types and shapes of the tensors. Shapes
// agree when they do with the batch before their dims or without it, as one of two models may have batches and the other not. `ensemble`:
// by signature_of(). invalid_argument.
Status check_models(const EnsembleGraph& graph, const ExpectedRequest& ensemble, std::span<const ExpectedRequest> models);

// How a tensor is handed to who wants it: with a batch of 1 put before its shape, or taken from it, where that makes it fit.
Shape handed_over(Shape shape, const TensorInfo& wanted);

}  // namespace staronnx
