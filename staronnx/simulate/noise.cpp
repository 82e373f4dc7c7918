#include "staronnx/simulate/noise.h"

#include <array>
#include <cstddef>

namespace staronnx {
namespace {

// Quantiles at 0, 1/16 .. 1 of the times of runs, in units of their median: most are within a percent or two, and a few late.
constexpr std::array kQuantiles = {Noise::kLeast, 0.98,  0.985, 0.988, 0.99, 0.993, 0.996, 0.998,       1.0,
                                   1.002,         1.005, 1.009, 1.014, 1.02, 1.03,  1.05,  Noise::kMost};

}  // namespace

double Noise::share() {
  return static_cast<double>(random_() >> 11) * 0x1p-53;
}

double Noise::factor() {
  const double place = share() * (kQuantiles.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  return kQuantiles[below] + (place - static_cast<double>(below)) * (kQuantiles[below + 1] - kQuantiles[below]);
}

double Noise::factor(const Variation& measured) {
  const double at = share();
  std::size_t above = 1;
  while (kVariationAt[above] < at) ++above;
  const double part = (at - kVariationAt[above - 1]) / (kVariationAt[above] - kVariationAt[above - 1]);
  return measured[above - 1] + part * (measured[above] - measured[above - 1]);
}

}  // namespace staronnx
