// What is known of a model before it is cut; private to this room.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "staronnx/graph/graph.h"
#include "staronnx/model/model.h"
#include "staronnx/partition/partition.h"
#include "staronnx/plan/compile.h"
#include "staronnx/profile/cost_profile.h"

namespace staronnx {

constexpr const char* whole_file = "whole.onnx";

struct Study {
  Model model;  // as ONNX Runtime simplifies it, every node named; on disk as `whole_file` with its weights beside it
  Graph graph;
  std::vector<Tensor> inputs;  // to measure with, one per input
  CostProfile costs;
  bool made_up_inputs = false;

  Microseconds time_of(const GraphNode& node, std::size_t width = 0) const;  // `width`: position in CostProfile::widths
  Weights weights() const;                                                   // times in microseconds, bytes
  std::map<std::string, Tensor> named_inputs(
      int batch = 1) const;                        // of so many equal requests, stacked; those left out are not there
  Error explained(const Error& failed_run) const;  // with what may help
};

// Tensors to measure with: the caller's, or random ones of the shapes that were asked for.
Result<std::vector<Tensor>> inputs_of(const CompileRequest& request, const Signature& signature);

// In the order of the signature's inputs; views into `tensors`, left out where they have none.
std::vector<TensorView> input_views(const Signature& signature, const std::map<std::string, Tensor>& tensors);

// Writes the simplified model to `directory` and measures its nodes, or takes their costs from the cache. `original` is the model of the
// request, `hash` its file's.
Result<Study> study(const Machine& machine, const CompileRequest& request, const Signature& original, std::vector<Tensor> inputs,
                    const std::string& hash, const std::filesystem::path& directory);

}  // namespace staronnx
