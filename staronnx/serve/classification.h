// The classification extension: the largest values of an output, for people who want a label and not a thousand numbers.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "staronnx/base/result.h"
#include "staronnx/model/tensor.h"

namespace staronnx {

// BYTES "value:index" or, where there is a label for the index, "value:index:label": the `classes` largest (all, if there are fewer),
// the largest first. Shape: {k}; when `batched`, {n, k}, for each of the first dimension its own. Fails, naming `output`, for types
// that have no order (strings, booleans) or no text form (16-bit floats).
Result<Tensor> classify(const std::string& output, const TensorView& tensor, std::uint32_t classes, bool batched,
                        std::span<const std::string> labels);

}  // namespace staronnx
