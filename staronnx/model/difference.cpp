#include "staronnx/model/difference.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace staronnx {
namespace {

template <class T>
T element(std::span<const std::byte> data, std::size_t i) {
  T value;
  std::memcpy(&value, data.data() + i * sizeof(T), sizeof(T));
  return value;
}

double float16_value(std::uint16_t bits) {
  const int exponent = (bits >> 10) & 31;
  const double fraction = bits & 1023;
  const double sign = (bits & 0x8000) != 0 ? -1.0 : 1.0;
  if (exponent == 31) return fraction == 0 ? sign * HUGE_VAL : std::nan("");
  return exponent == 0 ? sign * std::ldexp(fraction, -24) : sign * std::ldexp(fraction + 1024, exponent - 25);
}

// Element `i` of a floating-point tensor; complex numbers are two elements each.
double value_at(const TensorView& tensor, std::size_t i) {
  switch (tensor.type) {
    case DataType::float16: return float16_value(element<std::uint16_t>(tensor.data, i));
    case DataType::bfloat16:
      return std::bit_cast<float>(static_cast<std::uint32_t>(element<std::uint16_t>(tensor.data, i)) << 16);
    case DataType::float64:
    case DataType::complex128: return element<double>(tensor.data, i);
    default: return element<float>(tensor.data, i);
  }
}

// Bytes of one floating-point number in the tensor; 0 where elements are compared as bytes.
std::size_t float_size(DataType type) {
  switch (type) {
    case DataType::float16:
    case DataType::bfloat16: return 2;
    case DataType::float32:
    case DataType::complex64: return 4;
    case DataType::float64:
    case DataType::complex128: return 8;
    default: return 0;
  }
}

Difference exact(const TensorView& a, const TensorView& b) {
  const bool same = std::ranges::equal(a.data, b.data);
  return same ? Difference{} : Difference{HUGE_VAL, HUGE_VAL, false};
}

Difference numeric(const TensorView& a, const TensorView& b, std::size_t count, double tolerance) {
  Difference result;
  double scale = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const double x = value_at(a, i);
    const double y = value_at(b, i);
    if (std::isfinite(y)) scale = std::max(scale, std::abs(y));
    if (x == y || (std::isnan(x) && std::isnan(y))) continue;
    const double apart = std::abs(x - y);
    result.max_abs = std::max(result.max_abs, std::isfinite(apart) ? apart : HUGE_VAL);
  }
  result.max_rel = scale > 0 ? result.max_abs / scale : result.max_abs;
  result.equal = result.max_rel <= tolerance;
  return result;
}

std::string described(const TensorView& tensor) {
  return std::string(to_string(tensor.type)) + " " + to_string(tensor.shape);
}

}  // namespace

Difference& Difference::operator+=(const Difference& other) {
  max_abs = std::max(max_abs, other.max_abs);
  max_rel = std::max(max_rel, other.max_rel);
  equal = equal && other.equal;
  return *this;
}

Result<Difference> difference(const TensorView& a, const TensorView& b, double tolerance) {
  if (a.type != b.type || !std::ranges::equal(a.shape, b.shape)) {
    return Error{ErrorCode::invalid_argument,
                 "the tensors cannot be compared: one is " + described(a) + ", the reference " + described(b)};
  }
  if (Status fits = check_size("the tensor", a); !fits) return fits.error();
  if (Status fits = check_size("the reference", b); !fits) return fits.error();
  const std::size_t size = float_size(a.type);
  return size == 0 ? exact(a, b) : numeric(a, b, a.data.size() / size, tolerance);
}

}  // namespace staronnx
