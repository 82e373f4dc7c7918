#include "staronnx/bench/stability.h"

#include <gtest/gtest.h>

namespace staronnx {
namespace {

Point window(double served_per_s, Milliseconds tail) {
  Point point;
  point.served_per_s = served_per_s;
  point.tail = tail;
  return point;
}

TEST(Agree, NeedsThreeWindows) {
  const std::vector<Point> windows(3, window(100, Milliseconds(5)));
  EXPECT_FALSE(agree(std::span(windows).first(2), 0.1));
  EXPECT_TRUE(agree(windows, 0.1));
}

TEST(Agree, LooksAtRateAndLatencyOfTheLastThree) {
  const Point usual = window(100, Milliseconds(5));
  EXPECT_TRUE(agree(std::vector{window(50, Milliseconds(50)), usual, usual, usual}, 0.1));
  EXPECT_FALSE(agree(std::vector{usual, window(50, Milliseconds(5)), usual}, 0.1));
  EXPECT_FALSE(agree(std::vector{usual, usual, window(100, Milliseconds(5.6))}, 0.1));
  EXPECT_TRUE(agree(std::vector{usual, usual, window(100, Milliseconds(5.6))}, 0.2));
}

TEST(MiddleOfLast, IsTheMedianByLatencyOfTheLastThree) {
  const std::vector<Point> windows = {window(1, Milliseconds(1)), window(1, Milliseconds(9)), window(1, Milliseconds(4)),
                                      window(1, Milliseconds(6))};
  EXPECT_EQ(middle_of_last(windows), 3u);
  EXPECT_EQ(middle_of_last(std::span(windows).first(1)), 0u);
  EXPECT_EQ(middle_of_last(std::span(windows).first(2)), 0u);
}

}  // namespace
}  // namespace staronnx
