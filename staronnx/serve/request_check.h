// Whether a request fits a model, in the words that clients and their tests look for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/model/signature.h"
#include "staronnx/serve/inference.h"

namespace staronnx {

// What a request is checked against. All outlive the call.
struct ExpectedRequest {
  const std::string& model;
  const Signature& signature;
  std::int64_t max_batch_size = 0;
};

struct FittingRequest {
  std::vector<Tensor> inputs;        // one per input of the signature
  std::vector<std::size_t> outputs;  // by requested output: its position in the signature; of all, when none was requested
  std::int64_t batch_size = 1;       // the request's own; 1 for models without batches
};

// Takes the tensors out of `request`, if it fits. Errors are invalid_argument.
Result<FittingRequest> fit(const ExpectedRequest& expected, InferenceRequest& request);

// Whether a tensor of shape `given` may stand where `wanted` is (-1: any size).
bool fits(std::span<const std::int64_t> wanted, std::span<const std::int64_t> given);

// "[-1,16]"
std::string shape_text(std::span<const std::int64_t> shape);

}  // namespace staronnx
