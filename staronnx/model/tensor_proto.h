// ONNX's TensorProto as bytes.
#pragma once

#include <span>
#include <string>

#include "staronnx/base/result.h"
#include "staronnx/model/tensor.h"

namespace staronnx {

// Errors say what is wrong with the content and name no file.
Result<Tensor> parse_tensor_proto(std::span<const std::byte> content);

// `tensor` has the size that its type and shape say.
Result<std::string> tensor_proto_of(const TensorView& tensor);

}  // namespace staronnx
