// A tensor that a model wants in another shape than requests have it, with the same elements.
#pragma once

#include <span>

#include "staronnx/base/result.h"
#include "staronnx/model/tensor.h"

namespace staronnx {

// Fails unless every tensor of shape `from` (-1: any size) can have shape `to`: both have as many dimensions of any size, and the same
// number of elements before, between and after them.
Status check_reshape(std::span<const std::int64_t> from, std::span<const std::int64_t> to);

// `actual`, which has the shape `from`, in the shape `to`. Only for shapes that check_reshape() accepts.
Shape reshaped(std::span<const std::int64_t> actual, std::span<const std::int64_t> from, std::span<const std::int64_t> to);

}  // namespace staronnx
