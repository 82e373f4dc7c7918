// String tensors between their bytes (see model/tensor.h) and ONNX Runtime's own form. Private to this room.
#pragma once

#include <cstddef>
#include <vector>

#include "staronnx/execute/ort.h"
#include "staronnx/model/tensor.h"

namespace staronnx::ort {

// `tensor` has passed check_size.
Ort::Value strings_from(const TensorView& tensor);
std::vector<std::byte> bytes_of_strings(const Ort::Value& strings);

}  // namespace staronnx::ort
