// Tensors for tests, said by their elements.
#pragma once

#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "staronnx/model/tensor.h"

namespace staronnx {

template <class T>
Tensor tensor_of(DataType type, Shape shape, const std::vector<T>& elements) {
  Tensor tensor(type, std::move(shape), elements.size() * sizeof(T));
  if (!elements.empty()) std::memcpy(tensor.data().data(), elements.data(), tensor.data().size());
  return tensor;
}

inline Tensor strings_of(Shape shape, const std::vector<std::string>& elements) {
  std::string bytes;
  for (const std::string& element : elements) {
    const auto length = static_cast<std::uint32_t>(element.size());
    bytes.append(reinterpret_cast<const char*>(&length), sizeof length);
    bytes += element;
  }
  Tensor tensor(DataType::string, std::move(shape), bytes.size());
  std::memcpy(tensor.data().data(), bytes.data(), bytes.size());
  return tensor;
}

template <class T>
std::vector<T> elements_of(const TensorView& tensor) {
  std::vector<T> elements(tensor.data.size() / sizeof(T));
  if (!elements.empty()) std::memcpy(elements.data(), tensor.data.data(), tensor.data.size());
  return elements;
}

inline std::vector<std::string> texts_of(const TensorView& tensor) {
  std::vector<std::string> texts;
  std::span<const std::byte> data = tensor.data;
  while (!data.empty()) {
    std::uint32_t length = 0;
    std::memcpy(&length, data.data(), sizeof length);
    texts.emplace_back(reinterpret_cast<const char*>(data.data()) + sizeof length, length);
    data = data.subspan(sizeof length + length);
  }
  return texts;
}

inline TensorInfo input_info(const std::string& name, DataType type, Shape shape) {
  TensorInfo info;
  info.name = name;
  info.type = type;
  info.dimension_names.resize(shape.size());
  info.shape = std::move(shape);
  return info;
}

}  // namespace staronnx
