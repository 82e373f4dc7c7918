#include "staronnx/execute/ort_tensor.h"

namespace staronnx::ort {

static_assert(static_cast<int>(DataType::float32) == ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT);
static_assert(static_cast<int>(DataType::bfloat16) == ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16);
static_assert(static_cast<int>(DataType::int4) == ONNX_TENSOR_ELEMENT_DATA_TYPE_INT4);

Ort::Value tensor_on(const Ort::MemoryInfo& memory, DataType type, std::span<const std::int64_t> shape,
                     std::span<const std::byte> data) {
  return Ort::Value::CreateTensor(memory, const_cast<std::byte*>(data.data()), data.size(), shape.data(), shape.size(),
                                  static_cast<ONNXTensorElementDataType>(type));
}

std::optional<std::span<std::byte>> part_of(std::span<std::byte> buffer, DataType type, std::span<const std::int64_t> shape) {
  const std::optional<Bytes> size = byte_size(type, shape);
  if (!size || size->count > buffer.size()) return std::nullopt;
  return buffer.first(size->count);
}

}  // namespace staronnx::ort
