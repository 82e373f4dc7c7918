#include "staronnx/model/tensor.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

namespace staronnx {
namespace {

// How many strings `data` holds; nothing when a length reaches past the end.
std::optional<std::int64_t> count_strings(std::span<const std::byte> data) {
  std::int64_t count = 0;
  while (!data.empty()) {
    std::uint32_t length = 0;
    if (data.size() < sizeof length) return std::nullopt;
    std::memcpy(&length, data.data(), sizeof length);
    if (data.size() - sizeof length < length) return std::nullopt;
    data = data.subspan(sizeof length + length);
    ++count;
  }
  return count;
}

std::string described(const TensorView& tensor) {
  return std::string(to_string(tensor.type)) + " of shape " + to_string(tensor.shape);
}

}  // namespace

std::string_view to_string(DataType type) {
  switch (type) {
    case DataType::undefined: return "undefined";
    case DataType::float32: return "float32";
    case DataType::uint8: return "uint8";
    case DataType::int8: return "int8";
    case DataType::uint16: return "uint16";
    case DataType::int16: return "int16";
    case DataType::int32: return "int32";
    case DataType::int64: return "int64";
    case DataType::string: return "string";
    case DataType::boolean: return "boolean";
    case DataType::float16: return "float16";
    case DataType::float64: return "float64";
    case DataType::uint32: return "uint32";
    case DataType::uint64: return "uint64";
    case DataType::complex64: return "complex64";
    case DataType::complex128: return "complex128";
    case DataType::bfloat16: return "bfloat16";
    case DataType::float8e4m3fn: return "float8e4m3fn";
    case DataType::float8e4m3fnuz: return "float8e4m3fnuz";
    case DataType::float8e5m2: return "float8e5m2";
    case DataType::float8e5m2fnuz: return "float8e5m2fnuz";
    case DataType::uint4: return "uint4";
    case DataType::int4: return "int4";
    case DataType::float4e2m1: return "float4e2m1";
    case DataType::float8e8m0: return "float8e8m0";
    case DataType::uint2: return "uint2";
    case DataType::int2: return "int2";
  }
  return "unknown";
}

std::optional<DataType> data_type_named(std::string_view name) {
  for (int value = 1; value <= static_cast<int>(DataType::int2); ++value) {
    if (to_string(static_cast<DataType>(value)) == name) return static_cast<DataType>(value);
  }
  return std::nullopt;
}

int bits_of(DataType type) {
  switch (type) {
    case DataType::undefined:
    case DataType::string: return 0;
    case DataType::uint2:
    case DataType::int2: return 2;
    case DataType::uint4:
    case DataType::int4:
    case DataType::float4e2m1: return 4;
    case DataType::uint8:
    case DataType::int8:
    case DataType::boolean:
    case DataType::float8e4m3fn:
    case DataType::float8e4m3fnuz:
    case DataType::float8e5m2:
    case DataType::float8e5m2fnuz:
    case DataType::float8e8m0: return 8;
    case DataType::uint16:
    case DataType::int16:
    case DataType::float16:
    case DataType::bfloat16: return 16;
    case DataType::float32:
    case DataType::int32:
    case DataType::uint32: return 32;
    case DataType::float64:
    case DataType::int64:
    case DataType::uint64:
    case DataType::complex64: return 64;
    case DataType::complex128: return 128;
  }
  return 0;
}

std::string to_string(std::span<const std::int64_t> shape) {
  if (shape.empty()) return "scalar";
  std::string text;
  for (std::int64_t dimension : shape) {
    if (!text.empty()) text += 'x';
    text += dimension < 0 ? "?" : std::to_string(dimension);
  }
  return text;
}

std::optional<std::int64_t> element_count(std::span<const std::int64_t> shape) {
  if (std::any_of(shape.begin(), shape.end(), [](std::int64_t dimension) { return dimension < 0; })) return std::nullopt;
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return 0;
  std::int64_t count = 1;
  for (std::int64_t dimension : shape) {
    if (count > std::numeric_limits<std::int64_t>::max() / dimension) return std::nullopt;
    count *= dimension;
  }
  return count;
}

std::optional<Bytes> byte_size(DataType type, std::span<const std::int64_t> shape) {
  const std::optional<std::int64_t> count = element_count(shape);
  const int bits = bits_of(type);
  if (!count || bits == 0) return std::nullopt;
  const auto elements = static_cast<std::uint64_t>(*count);
  if (bits < 8) {
    const auto per_byte = static_cast<std::uint64_t>(8 / bits);
    return Bytes{elements / per_byte + (elements % per_byte != 0 ? 1 : 0)};
  }
  const auto element_bytes = static_cast<std::uint64_t>(bits / 8);
  if (elements > std::numeric_limits<std::uint64_t>::max() / element_bytes) return std::nullopt;
  return Bytes{elements * element_bytes};
}

std::shared_ptr<std::byte> tensor_memory(std::size_t bytes) {
  if (bytes == 0) return nullptr;
  constexpr std::align_val_t kAligned{Tensor::kAlignment};
  return {static_cast<std::byte*>(::operator new(bytes, kAligned)),
          [](std::byte* memory) { ::operator delete(memory, kAligned); }};
}

Tensor::Tensor(DataType type, Shape shape, std::size_t bytes) : Tensor(type, std::move(shape), tensor_memory(bytes), bytes) {
  std::ranges::fill(data(), std::byte{0});
}

Tensor Tensor::for_overwrite(DataType type, Shape shape, std::size_t bytes) {
  return {type, std::move(shape), tensor_memory(bytes), bytes};
}

Tensor Tensor::in_place(DataType type, Shape shape, std::shared_ptr<std::byte> data, std::size_t bytes) {
  return {type, std::move(shape), std::move(data), bytes};
}

Tensor::Tensor(const Tensor& other) : Tensor(copy_of(other.view())) {}

Tensor& Tensor::operator=(const Tensor& other) {
  Tensor copy(other);
  return *this = std::move(copy);
}

Tensor copy_of(const TensorView& view) {
  Tensor tensor = Tensor::for_overwrite(view.type, Shape(view.shape.begin(), view.shape.end()), view.data.size());
  std::copy(view.data.begin(), view.data.end(), tensor.data().begin());
  return tensor;
}

Status check_size(std::string_view what, const TensorView& tensor) {
  const auto refused = [&](const std::string& reason) {
    return Error{ErrorCode::invalid_argument, std::string(what) + ": " + described(tensor) + ' ' + reason};
  };
  const std::optional<std::int64_t> count = element_count(tensor.shape);
  if (!count) return refused("has a dimension that is not known or too large; give every dimension its size");
  if (tensor.type == DataType::string) {
    const std::optional<std::int64_t> strings = count_strings(tensor.data);
    if (!strings) return refused("has data that ends inside a string; check the 4-byte lengths");
    if (*strings != *count)
      return refused("needs " + std::to_string(*count) + " strings, the data holds " + std::to_string(*strings));
    return {};
  }
  const std::optional<Bytes> bytes = byte_size(tensor.type, tensor.shape);
  if (!bytes) return refused("has no size; give it a tensor type and dimensions that fit into memory");
  if (tensor.data.size() != bytes->count) {
    return refused("needs " + std::to_string(bytes->count) + " bytes of data, not " + std::to_string(tensor.data.size()));
  }
  return {};
}

}  // namespace staronnx
