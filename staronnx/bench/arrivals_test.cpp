#include "staronnx/bench/arrivals.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace staronnx {
namespace {

TEST(PoissonArrivals, AreAscendingWithinTheDuration) {
  const std::vector<Seconds> arrivals = poisson_arrivals(50, Seconds(4), 7);
  EXPECT_TRUE(std::is_sorted(arrivals.begin(), arrivals.end()));
  EXPECT_GE(arrivals.front(), Seconds(0));
  EXPECT_LT(arrivals.back(), Seconds(4));
}

TEST(PoissonArrivals, OfferExactlyTheRateEvenInAShortRun) {
  EXPECT_EQ(poisson_arrivals(20, Seconds(2.5), 1).size(), 50u);
  EXPECT_EQ(poisson_arrivals(20, Seconds(2.5), 2).size(), 50u);
}

TEST(PoissonArrivals, AreAtLeastOne) {
  EXPECT_EQ(poisson_arrivals(0.1, Seconds(1), 1).size(), 1u);
}

TEST(PoissonArrivals, DependOnTheSeedOnly) {
  EXPECT_EQ(poisson_arrivals(20, Seconds(2), 1), poisson_arrivals(20, Seconds(2), 1));
  EXPECT_NE(poisson_arrivals(20, Seconds(2), 1), poisson_arrivals(20, Seconds(2), 2));
}

TEST(PoissonArrivals, HaveExponentialGaps) {
  const std::vector<Seconds> arrivals = poisson_arrivals(100, Seconds(1000), 3);
  double longer = 0;
  for (std::size_t i = 1; i < arrivals.size(); ++i) longer += arrivals[i] - arrivals[i - 1] > Seconds(0.01) ? 1 : 0;
  EXPECT_NEAR(longer / static_cast<double>(arrivals.size()), std::exp(-1), 0.01);  // P(gap > mean)
}

}  // namespace
}  // namespace staronnx
