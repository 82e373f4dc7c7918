// Which inputs of an ONNX operator are sizes, positions or axes rather than data.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace staronnx {

// Positions of inputs whose values decide the result's shape: {1} for "Reshape"; none for most operators. `op_type` is of ONNX's
// own domain.
std::span<const std::size_t> size_inputs_of(std::string_view op_type);

}  // namespace staronnx
