#include "staronnx/bench/server_statistics.h"

#include <gtest/gtest.h>

namespace staronnx {
namespace {

TEST(Between, IsTheMeanOfTheRequestsBetween) {
  const ServerStatistics before{10, 5, Microseconds(100), Microseconds(10), Microseconds(1000), Microseconds(1)};
  const ServerStatistics after{14, 6, Microseconds(180), Microseconds(30), Microseconds(5000), Microseconds(9)};
  const std::optional<ServerTimes> times = between(before, after);
  ASSERT_TRUE(times);
  EXPECT_EQ(times->requests, 4u);
  EXPECT_EQ(times->executions, 1u);
  EXPECT_EQ(times->queue.count(), 20);
  EXPECT_EQ(times->compute_input.count(), 5);
  EXPECT_EQ(times->compute_infer.count(), 1000);
  EXPECT_EQ(times->compute_output.count(), 2);
}

TEST(Between, IsNothingWithoutRequestsOrAfterANewStart) {
  ServerStatistics some;
  some.requests = some.executions = 10;
  EXPECT_FALSE(between(some, some));
  EXPECT_FALSE(between(some, {}));
}

}  // namespace
}  // namespace staronnx
