#include "staronnx/serve/model_statistics.h"

#include <gtest/gtest.h>

namespace staronnx {
namespace {

using std::chrono::nanoseconds;

const InferenceTimes kTimes{nanoseconds(1), nanoseconds(20), nanoseconds(300), nanoseconds(4000)};
const auto kNow = std::chrono::system_clock::time_point(std::chrono::seconds(5));

TEST(ModelStatistics, AddUp) {
  ModelStatistics statistics;
  statistics.succeeded(kTimes, 3, 1, kNow);
  statistics.succeeded(kTimes, 3, 1, kNow);
  statistics.failed(nanoseconds(7));
  const StatisticsSnapshot sums = statistics.snapshot();
  EXPECT_EQ(sums.inferences, 6u);
  EXPECT_EQ(sums.executions(), 2u);
  EXPECT_EQ(sums.success, (DurationSum{2, nanoseconds(2 * 4321)}));
  EXPECT_EQ(sums.fail, (DurationSum{1, nanoseconds(7)}));
  EXPECT_EQ(sums.compute_infer, (DurationSum{2, nanoseconds(600)}));
  EXPECT_EQ(sums.last_inference, kNow);
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

}  // namespace
}  // namespace staronnx
