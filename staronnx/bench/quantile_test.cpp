#include "staronnx/bench/quantile.h"

#include <gtest/gtest.h>

namespace staronnx {
namespace {

std::vector<Microseconds> one_to(int last) {
  std::vector<Microseconds> values;
  for (int i = 1; i <= last; ++i) values.emplace_back(i);
  return values;
}

TEST(Quantile, IsTheNearestRank) {
  EXPECT_EQ(quantile(one_to(100), 0.50), Microseconds(50));
  EXPECT_EQ(quantile(one_to(100), 0.99), Microseconds(99));
  EXPECT_EQ(quantile(one_to(101), 0.99), Microseconds(100));
  EXPECT_EQ(quantile(one_to(20), 0.95), Microseconds(19));
  EXPECT_EQ(quantile(one_to(4), 0.5), Microseconds(2));
}

TEST(Quantile, OfFewSamplesIsOneOfThem) {
  EXPECT_EQ(quantile(one_to(1), 0.5), Microseconds(1));
  EXPECT_EQ(quantile(one_to(99), 0.99), Microseconds(99));
  EXPECT_EQ(quantile(one_to(99), 1.0), Microseconds(99));
}

}  // namespace
}  // namespace staronnx
