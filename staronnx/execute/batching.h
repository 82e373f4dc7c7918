// Several requests as one: their tensors stacked along dimension 0.
#pragma once

#include <span>

#include "staronnx/base/result.h"
#include "staronnx/base/units.h"
#include "staronnx/execute/engine.h"
#include "staronnx/model/signature.h"
#include "staronnx/model/tensor.h"

namespace staronnx {

// At least one tensor, of one type, whose shapes differ in dimension 0 at most; elements are whole bytes.
Tensor stacked(std::span<const TensorView> tensors);

// Fails, naming the tensor, unless every input and output has a dimension 0 that the model leaves open, and elements of whole bytes.
Status check_batch_dimension(const Signature& signature);

// Fails, saying why, unless a batch of two different requests gives what the two give one by one. `inputs`: one request, one per input;
// the other is made from it. Runs the model three times.
Status check_batching(Executor& executor, std::span<const Tensor> inputs);

// Whether a larger batch is worth its wait: a request must cost 3 % less than in the smaller one. Two measurements of the same differ by about
// as much.
bool batch_pays(Microseconds each, Microseconds each_in_smaller);

}  // namespace staronnx
