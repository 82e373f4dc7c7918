// Tensors as JSON lists of elements; private to this room.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "staronnx/base/result.h"
#include "staronnx/model/tensor.h"

namespace staronnx {

// `data` may be nested as the shape is, or otherwise; elements count in row-major order. Refuses (invalid_argument), naming `input`: another
// number of elements than the shape has, elements that the type cannot hold, and 16-bit floats, which travel as binary only.
Result<Tensor> tensor_from_json(const std::string& input, DataType type, Shape shape, const nlohmann::json& data);

// Appends the elements as one flat list. Floats have as many digits as bring them back exactly; NaN and infinities are NaN, Infinity and
// -Infinity, as clients read them. Refuses (invalid_argument), naming `output`: 16-bit floats, and strings that are no UTF-8.
Status append_json(const std::string& output, const TensorView& tensor, std::string& to);

}  // namespace staronnx
