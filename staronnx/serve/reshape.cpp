#include "staronnx/serve/reshape.h"

#include <optional>
#include <utility>
#include <vector>

namespace staronnx {
namespace {

// Elements before, between and after the dimensions of any size; nothing when the product overflows.
std::optional<std::vector<std::int64_t>> elements_between(std::span<const std::int64_t> shape) {
  std::vector<std::int64_t> elements{1};
  for (const std::int64_t size : shape) {
    if (size < 0) {
      elements.push_back(1);
    } else if (__builtin_mul_overflow(elements.back(), size, &elements.back())) {
      return std::nullopt;
    }
  }
  return elements;
}

}  // namespace

Status check_reshape(std::span<const std::int64_t> from, std::span<const std::int64_t> to) {
  const auto elements = elements_between(from);
  if (elements && elements == elements_between(to)) return {};
  return Error{ErrorCode::invalid_argument,
               "does not have as many elements as dims, in the same places around those of any size (-1)"};
}

Shape reshaped(std::span<const std::int64_t> actual, std::span<const std::int64_t> from, std::span<const std::int64_t> to) {
  Shape shape(to.begin(), to.end());
  auto place = shape.begin();
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (from[i] >= 0) continue;
    while (*place >= 0) ++place;
    *place++ = actual[i];
  }
  return shape;
}

}  // namespace staronnx
