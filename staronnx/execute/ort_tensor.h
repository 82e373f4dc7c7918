// Tensors of ONNX Runtime's on memory that somebody else owns. Private to this room.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "staronnx/execute/ort.h"
#include "staronnx/model/tensor.h"

namespace staronnx::ort {

// `data` lies in `memory`. ONNX Runtime's call takes no const; of inputs it only reads.
Ort::Value tensor_on(const Ort::MemoryInfo& memory, DataType type, std::span<const std::int64_t> shape,
                     std::span<const std::byte> data);

// The part of `buffer` that such a tensor takes; nothing when it does not fit, or its shape or type does not say how much that is.
std::optional<std::span<std::byte>> part_of(std::span<std::byte> buffer, DataType type, std::span<const std::int64_t> shape);

}  // namespace staronnx::ort
