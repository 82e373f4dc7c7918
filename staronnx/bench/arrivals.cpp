#include "staronnx/bench/arrivals.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>

namespace staronnx {
namespace {

// The standard library's distributions differ between libraries; this gives the same number everywhere.
double uniform(std::mt19937_64& random) {
  return static_cast<double>(random() >> 11) * 0x1p-53;
}

}  // namespace

std::vector<Seconds> poisson_arrivals(double rate_per_s, Seconds duration, unsigned seed) {
  const auto count = static_cast<std::size_t>(std::max(1.0, std::round(rate_per_s * duration.count())));
  std::mt19937_64 random(seed);
  std::vector<Seconds> arrivals(count);
  for (Seconds& arrival : arrivals) arrival = duration * uniform(random);
  std::sort(arrivals.begin(), arrivals.end());
  return arrivals;
}

}  // namespace staronnx
