// The typical time of runs that other processes disturb. Private to this room.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "staronnx/base/units.h"

namespace staronnx {

// The time that a quarter of `times`, at least one, do not exceed. A machine that is shared lengthens many runs and shortens none, so
// this is nearer to what a run costs than the median.
inline Microseconds lower_quartile(std::vector<Microseconds> times) {
  const auto quartile = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 4);
  std::nth_element(times.begin(), quartile, times.end());
  return *quartile;
}

}  // namespace staronnx
