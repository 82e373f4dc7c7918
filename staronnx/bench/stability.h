// Windows repeated until they agree, as perf_analyzer does.
#pragma once

#include <span>

#include "staronnx/bench/load.h"

namespace staronnx {

constexpr std::size_t kAgreeing = 3;  // windows that must agree

struct Stability {
  double allowed = 0.1;  // largest over smallest, less 1
  int most_windows = 10;
};

// Whether the last three windows agree: served rate and latency at the SLO's percentile each within `allowed`. Fewer windows do not.
bool agree(std::span<const Point> windows, double allowed);

// Of the last three, or fewer, the one in the middle by that latency. `windows`: not empty.
std::size_t middle_of_last(std::span<const Point> windows);

}  // namespace staronnx
