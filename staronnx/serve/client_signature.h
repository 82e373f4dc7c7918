// A model's inputs and outputs as clients see them by its configuration, and the way between those and the model's own.
//
//   requests -> fit() with clients() -> to_model() -> the pipeline -> output() -> answers
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/model/signature.h"
#include "staronnx/serve/model_config.h"

namespace staronnx {

// Immutable.
class ClientSignature {
 public:
  // `config` was completed for `model`.
  ClientSignature(const ModelConfig& config, const Signature& model);

  // Inputs: those that the configuration lists, then the model's others, all with default values, of which clients are not told. Outputs: those
  // listed. Shapes are the configuration's, with -1 for the batch before them where the model has one.
  const Signature& clients() const { return clients_; }
  std::size_t listed_inputs() const { return listed_inputs_; }

  // From one tensor per input of clients() that fits there: one per input of the model.
  std::vector<Tensor> to_model(std::vector<Tensor> inputs) const;

  // What clients get as the output at `position` in clients(). `shape` is where its shape is kept if it is not the model's. Fails (internal)
  // when the model's is not what the configuration says.
  Result<TensorView> output(std::size_t position, std::span<const TensorView> of_model, Shape& shape) const;

 private:
  struct Way {
    std::size_t in_model = 0;  // position
    Shape model_shape;         // by the configuration
    bool reshaped = false;
  };
  template <class Tensor>
  void add(const Tensor& listed, bool batches, const std::vector<TensorInfo>& model, std::vector<TensorInfo>& infos,
           std::vector<Way>& ways);

  Signature clients_;
  std::size_t listed_inputs_ = 0;
  std::vector<Way> inputs_, outputs_;  // as in clients_
  std::size_t model_inputs_ = 0;
};

}  // namespace staronnx
