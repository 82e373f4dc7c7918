// Tensors of floats for tests, said in a line.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "staronnx/model/tensor.h"

namespace staronnx {

inline Tensor floats(const Shape& shape, const std::vector<float>& values) {
  Tensor tensor(DataType::float32, shape, values.size() * sizeof(float));
  std::ranges::copy(std::as_bytes(std::span(values)), tensor.data().begin());
  return tensor;
}

inline std::vector<float> floats_of(const TensorView& view) {
  std::vector<float> values(view.data.size() / sizeof(float));
  std::ranges::copy(view.data, std::as_writable_bytes(std::span(values)).begin());
  return values;
}

}  // namespace staronnx
