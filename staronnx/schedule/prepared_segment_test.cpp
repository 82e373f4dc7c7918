#include "staronnx/schedule/prepared_segment.h"

#include <gtest/gtest.h>

#include <limits>

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

// Two places of two kinds: a run for one, two and four requests takes 100, 150 and 260 us in the first; of the second only the first is known.
TEST(PreparedSegment, KnowsBatchesByPlace) {
  const Microseconds never(std::numeric_limits<double>::infinity());
  PreparedSegment segment(
      "segment",
      {{nullptr, {Microseconds(100), Microseconds(150), Microseconds(260)}, 0}, {nullptr, {Microseconds(50), never, never}, 1}},
      {1, 2, 4});
  EXPECT_EQ(segment.largest_batch(0), 4);
  EXPECT_EQ(segment.largest_batch(1), 1);
  EXPECT_EQ(segment.expected_each(0, 1), Microseconds(100));
  EXPECT_EQ(segment.expected_each(0, 3), Microseconds(75));
  EXPECT_EQ(segment.expected_each(0, 100), Microseconds(65));
  EXPECT_EQ(segment.expected_each(1, 100), Microseconds(50));
}

TEST(PreparedSegment, LearnsWhatIsTriedAndRefusesBatches) {
  const Microseconds never(std::numeric_limits<double>::infinity());
  PreparedSegment segment("segment", {{nullptr, {Microseconds(100), never}, 0}}, {1, 2});
  for (const double took : {900, 700, 800}) segment.tried(0, 2, Microseconds(took));
  EXPECT_EQ(segment.expected(0, 2), Microseconds(700));
  EXPECT_EQ(segment.largest_batch(0), 2);
  segment.refuse_batches(0, 2);
  EXPECT_EQ(segment.largest_batch(0), 1);
  EXPECT_EQ(segment.expected(0, 1), Microseconds(100));
  segment.observe(0, 1, Microseconds(50));
  EXPECT_EQ(segment.largest_batch(0), 1);
  EXPECT_TRUE(segment.runs_in(0));
}
}  // namespace
}  // namespace staronnx
