// How much longer or shorter than the median runs take.
#pragma once

#include <cstdint>
#include <random>

namespace staronnx {

// Draws from one distribution for all segments, which is an assumption. The same seed gives the same numbers, in the same order.
class Noise {
 public:
  explicit Noise(std::uint64_t seed) : random_(seed) {}

  // A run's time in units of the median, from kLeast to kMost.
  double factor();

  static constexpr double kLeast = 0.97, kMost = 1.12;

 private:
  std::mt19937_64 random_;
};

}  // namespace staronnx
