// The protocol's words for types of elements, which are not ONNX's.
#pragma once

#include <optional>
#include <string_view>

#include "staronnx/model/tensor.h"

namespace staronnx {

// "FP32", "BYTES"; empty for types that the protocol has no word for, such as complex64.
std::string_view datatype_name(DataType type);

// The type that datatype_name() calls so; nothing for other words.
std::optional<DataType> datatype_of(std::string_view name);

}  // namespace staronnx
