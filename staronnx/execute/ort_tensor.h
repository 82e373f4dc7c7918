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

// The part of `buffer` that an output takes by what the model's file says; nothing when the file leaves its shape open or it does not fit.
std::optional<std::span<std::byte>> declared_part(const TensorInfo& output, std::span<std::byte> buffer);

}  // namespace staronnx::ort
