#include "staronnx/schedule/prepared_segment.h"

#include <gtest/gtest.h>

namespace staronnx {
namespace {

TEST(ExpectedTime, IsTheMeasuredOneOfTheNextSmallerWidth) {
  Segment segment;
  EXPECT_GT(expected_time(segment, 1, 1), Microseconds(0));
  segment.cpu_time.alone = {{2, Microseconds(60)}, {4, Microseconds(40)}, {8, Microseconds(0)}};
  EXPECT_EQ(expected_time(segment, 1, 1), Microseconds(60));
  EXPECT_EQ(expected_time(segment, 2, 1), Microseconds(60));
  EXPECT_EQ(expected_time(segment, 3, 1), Microseconds(60));
  EXPECT_EQ(expected_time(segment, 4, 1), Microseconds(40));
  EXPECT_GT(expected_time(segment, 8, 1), Microseconds(0));
  segment.batched[2].alone = {{1, Microseconds(100)}};
  EXPECT_EQ(expected_time(segment, 4, 2), Microseconds(100));
}

}  // namespace
}  // namespace staronnx
