#include "staronnx/simulate/noise.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace staronnx {
namespace {

std::vector<double> drawn(std::uint64_t seed) {
  Noise noise(seed);
  std::vector<double> factors(10'001);
  std::ranges::generate(factors, [&] { return noise.factor(); });
  return factors;
}

TEST(Noise, the_median_run_takes_what_was_measured) {
  std::vector<double> factors = drawn(1);
  std::ranges::sort(factors);
  EXPECT_NEAR(factors[5'000], 1, 0.01);
  EXPECT_GT(factors.front(), 0.5);
  EXPECT_GT(factors[9'900] - factors[5'000], factors[5'000] - factors[100]) << "runs are late by more than early";
}

TEST(Noise, draws_from_what_was_measured) {
  const Variation measured = {0.5, 0.6, 0.8, 1, 1.25, 1.5, 2, 4, 10};
  Noise noise(1);
  std::vector<double> factors(10'001);
  std::ranges::generate(factors, [&] { return noise.factor(measured); });
  std::ranges::sort(factors);
  EXPECT_GE(factors.front(), 0.5);
  EXPECT_LE(factors.back(), 10);
  EXPECT_NEAR(factors[5'000], 1, 0.02);
  EXPECT_NEAR(factors[7'500], 1.25, 0.03);
  EXPECT_NEAR(factors[9'900], 4, 0.5);
}

TEST(Noise, a_seed_says_which) {
  EXPECT_EQ(drawn(1), drawn(1));
  EXPECT_NE(drawn(1), drawn(2));
}

}  // namespace
}  // namespace staronnx
