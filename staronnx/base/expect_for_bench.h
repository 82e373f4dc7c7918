// Benchmarks end at the first thing that goes wrong, and say what it was.
#pragma once

#include <stdexcept>
#include <utility>

#include "staronnx/base/result.h"

namespace staronnx {

template <class T>
T expect(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return *std::move(result);
}

}  // namespace staronnx
