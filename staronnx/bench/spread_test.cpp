#include "staronnx/bench/spread.h"

#include <gtest/gtest.h>

#include <random>

namespace staronnx {
namespace {

TEST(SpreadOf, OneValueIsThatValue) {
  const Spread spread = spread_of({7});
  EXPECT_EQ(spread.median, 7);
  EXPECT_EQ(spread.low, 7);
  EXPECT_EQ(spread.high, 7);
  EXPECT_EQ(confidence_of(1), 0);
}

TEST(SpreadOf, AFewValuesIsFromTheLeastToTheGreatest) {
  const Spread spread = spread_of({3, 9, 1, 4});
  EXPECT_EQ(spread.median, 3.5);
  EXPECT_EQ(spread.low, 1);
  EXPECT_EQ(spread.high, 9);
  EXPECT_DOUBLE_EQ(confidence_of(3), 0.75);
  EXPECT_DOUBLE_EQ(confidence_of(4), 0.875);
}

// The table of any book of statistics: of 9 values the 2nd and the 8th, 96.1 %; of 20 the 6th and the 15th, 95.9 %.
TEST(SpreadOf, ManyValuesLeavesOutTheOutermost) {
  const Spread nine = spread_of({1, 2, 3, 4, 5, 6, 7, 8, 9});
  EXPECT_EQ(nine.low, 2);
  EXPECT_EQ(nine.high, 8);
  EXPECT_NEAR(confidence_of(9), 0.961, 5e-4);
  std::vector<double> twenty;
  for (int i = 1; i <= 20; ++i) twenty.push_back(i);
  EXPECT_EQ(spread_of(twenty).low, 6);
  EXPECT_EQ(spread_of(twenty).high, 15);
  EXPECT_NEAR(confidence_of(20), 0.959, 5e-4);
}

TEST(SpreadOf, HoldsTheMedianAsOftenAsItSays) {
  std::mt19937_64 random(1);
  std::exponential_distribution<double> skewed(1);
  for (const std::size_t count : {3u, 8u}) {
    int held = 0;
    for (int i = 0; i < 10'000; ++i) {
      std::vector<double> values(count);
      for (double& value : values) value = skewed(random);
      const Spread spread = spread_of(values);
      held += spread.low <= std::log(2.0) && std::log(2.0) <= spread.high ? 1 : 0;
    }
    EXPECT_NEAR(held / 10'000.0, confidence_of(count), 0.015);
  }
}

}  // namespace
}  // namespace staronnx
