// How much longer or shorter than the median runs take.
#pragma once

#include <cstdint>
#include <random>

#include "staronnx/plan/plan.h"

namespace staronnx {

// The same seed gives the same numbers, in the same order.
class Noise {
 public:
  explicit Noise(std::uint64_t seed) : random_(seed) {}

  // A run's time in units of the median: from the distribution that is assumed where none was measured, from kLeast to kMost; or a measured
  // one, between whose quantiles all times are taken for as likely.
  double factor();
  double factor(const Variation& measured);

  static constexpr double kLeast = 0.97, kMost = 1.12;

 private:
  double share();  // of the runs: from 0 to 1, each as likely

  std::mt19937_64 random_;
};

}  // namespace staronnx
