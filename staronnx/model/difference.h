// How far two tensors are apart.
#pragma once

#include "staronnx/base/result.h"
#include "staronnx/model/tensor.h"

namespace staronnx {

// Tolerance of "the same result": the sum of a reordered float32 computation stays well inside it.
constexpr double same_result_tolerance = 1e-5;

// The same between execution providers, which compute operators in other ways, whose errors then grow along the model.
constexpr double another_provider_tolerance = 1e-3;

// The same on a GPU that may use TF32, which has ten bits of the fraction in every convolution and matrix product.
constexpr double tf32_tolerance = 1e-2;

struct Difference {
  double max_abs = 0;  // largest |a - b|
  double max_rel = 0;  // max_abs over the largest finite |b| of the tensor (max_abs itself when that is 0)
  // Integers, booleans, strings: every element; others: max_rel within the tolerance, and NaN and infinities in the same places.
  bool equal = true;

  // The worse of both, number by number.
  Difference& operator+=(const Difference& other);
};

// `b` is the reference. Fails when types or shapes differ, and when the data does not have the tensor's size.
Result<Difference> difference(const TensorView& a, const TensorView& b, double tolerance = same_result_tolerance);

}  // namespace staronnx
