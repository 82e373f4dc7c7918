#include "staronnx/serve/model_statistics.h"

#include <gtest/gtest.h>

#include <vector>

namespace staronnx {
namespace {

using std::chrono::nanoseconds;

const InferenceTimes kTimes{nanoseconds(1), nanoseconds(20), nanoseconds(300), nanoseconds(4000), nanoseconds(4321)};
const auto kNow = std::chrono::system_clock::time_point(std::chrono::seconds(5));

TEST(ModelStatistics, AddUp) {
  ModelStatistics statistics;
  for (int i = 0; i < 4; ++i) statistics.began();
  statistics.succeeded(kTimes, 3, 1, kNow);
  statistics.succeeded(kTimes, 3, 1, kNow);
  statistics.failed(nanoseconds(7), ErrorCode::unavailable);
  const StatisticsSnapshot sums = statistics.snapshot();
  EXPECT_EQ(sums.inferences, 6u);
  EXPECT_EQ(sums.executions(), 2u);
  EXPECT_EQ(sums.success, (DurationSum{2, nanoseconds(2 * 4321)}));
  EXPECT_EQ(sums.fail, (DurationSum{1, nanoseconds(7)}));
  EXPECT_EQ(sums.compute_infer, (DurationSum{2, nanoseconds(600)}));
  EXPECT_EQ(sums.last_inference, kNow);
  EXPECT_EQ(sums.failures.at(FailureReason::rejected), 1u);
  EXPECT_EQ(sums.pending, 1u);
}

TEST(ModelStatistics, CountRunsOfSeveralRequestsOnce) {
  ModelStatistics statistics;
  for (int i = 0; i < 3; ++i) statistics.succeeded(kTimes, 2, 3, kNow);
  const StatisticsSnapshot sums = statistics.snapshot();
  EXPECT_EQ(sums.executions(), 1u);
  EXPECT_EQ(sums.inferences, 6u);
  ASSERT_TRUE(sums.by_batch_size.contains(6));
  EXPECT_EQ(sums.by_batch_size.at(6).compute_infer.count, 3u);
}

TEST(ModelStatistics, SayWhatSegmentsDidWhere) {
  ModelStatistics statistics;
  const Clock::time_point begin{};
  const std::vector<SegmentRun> runs{{0, 1, begin, begin + nanoseconds(10), {}, {}},
                                     {1, 2, begin, begin + nanoseconds(40), Microseconds(3), {}}};
  for (int i = 0; i < 2; ++i) statistics.ran("k2", runs);
  const StatisticsSnapshot sums = statistics.snapshot();
  ASSERT_EQ(sums.segments.size(), 2u);
  const SegmentUse& second = sums.segments.at({"k2", 1, 1});
  EXPECT_EQ(second.requests, 2u);
  EXPECT_EQ(second.busy, nanoseconds(40)) << "both ran as one";
  EXPECT_EQ(second.transfer, Microseconds(6));
}

}  // namespace
}  // namespace staronnx
