#include "staronnx/execute/string_tensor.h"

#include <algorithm>
#include <cstdint>
#include <string>

namespace staronnx::ort {
namespace {

constexpr std::size_t kLengthBytes = 4;

std::size_t read_length(const std::byte* bytes) {
  std::size_t length = 0;
  for (std::size_t i = 0; i < kLengthBytes; ++i) length |= std::to_integer<std::size_t>(bytes[i]) << (8 * i);
  return length;
}

void append_length(std::vector<std::byte>& bytes, std::size_t length) {
  for (std::size_t i = 0; i < kLengthBytes; ++i) bytes.push_back(static_cast<std::byte>((length >> (8 * i)) & 0xff));
}

}  // namespace

Ort::Value strings_from(const TensorView& tensor) {
  Ort::AllocatorWithDefaultOptions allocator;
  Ort::Value strings =
      Ort::Value::CreateTensor(allocator, tensor.shape.data(), tensor.shape.size(), ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING);
  const std::byte* next = tensor.data.data();
  const std::byte* end = next + tensor.data.size();
  for (std::size_t i = 0; next != end; ++i) {
    const std::size_t length = read_length(next);
    char* characters = strings.GetResizedStringTensorElementBuffer(i, length);
    std::copy_n(reinterpret_cast<const char*>(next) + kLengthBytes, length, characters);
    next += kLengthBytes + length;
  }
  return strings;
}

std::vector<std::byte> bytes_of_strings(const Ort::Value& strings) {
  const std::size_t count = strings.GetTensorTypeAndShapeInfo().GetElementCount();
  if (count == 0) return {};
  std::string characters(strings.GetStringTensorDataLength(), '\0');
  std::vector<std::size_t> begins(count);
  strings.GetStringTensorContent(characters.data(), characters.size(), begins.data(), begins.size());
  begins.push_back(characters.size());

  std::vector<std::byte> bytes;
  bytes.reserve(characters.size() + count * kLengthBytes);
  for (std::size_t i = 0; i < count; ++i) {
    append_length(bytes, begins[i + 1] - begins[i]);
    const auto* text = reinterpret_cast<const std::byte*>(characters.data());
    bytes.insert(bytes.end(), text + begins[i], text + begins[i + 1]);
  }
  return bytes;
}

}  // namespace staronnx::ort
