#include "staronnx/schedule/service_rate.h"

#include <gtest/gtest.h>

namespace staronnx {
namespace {

Clock::time_point at_ms(int moment) {
  return Clock::time_point(std::chrono::milliseconds(moment));
}

TEST(ServiceRate, KnowsNothingBeforeRequestsWaited) {
  ServiceRate rate;
  EXPECT_EQ(rate.time_for(10), Microseconds(0));
  rate.finished(at_ms(1), false);
  rate.finished(at_ms(9), false);
  EXPECT_EQ(rate.time_for(10), Microseconds(0)) << "the machine may have been idle in between";
}

TEST(ServiceRate, IsTheIntervalBetweenAnswersUnderLoad) {
  ServiceRate rate;
  for (int request = 0; request < 20; ++request) rate.finished(at_ms(5 * request), true);
  EXPECT_NEAR(rate.time_for(10).count(), 50'000, 1);
}

TEST(ServiceRate, FollowsTheMachine) {
  ServiceRate rate;
  for (int request = 0; request < 20; ++request) rate.finished(at_ms(5 * request), true);
  for (int request = 0; request < 100; ++request) rate.finished(at_ms(95 + 10 * (request + 1)), true);
  EXPECT_NEAR(rate.time_for(1).count(), 10'000, 100);
}

}  // namespace
}  // namespace staronnx
