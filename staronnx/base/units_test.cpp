#include "staronnx/base/units.h"

#include <gtest/gtest.h>

#include "staronnx/base/deadline.h"
#include "staronnx/base/ids.h"

namespace staronnx {
namespace {

TEST(Units, DurationsConvert) {
  EXPECT_DOUBLE_EQ(Milliseconds(Microseconds(1500.0)).count(), 1.5);
  EXPECT_DOUBLE_EQ(Microseconds(Seconds(2.0)).count(), 2e6);
}

TEST(Units, BytesAddAndCompare) {
  Bytes sum = Bytes{3} + Bytes{4};
  sum += Bytes{1};
  EXPECT_EQ(sum, Bytes{8});
  EXPECT_LT(Bytes{1}, Bytes{2});
}

TEST(Units, BytesOverBandwidthIsTime) {
  EXPECT_DOUBLE_EQ(Microseconds(Bytes{3000} / BytesPerSecond{2e9}).count(), 1.5);
}

TEST(Ids, AnIdKnowsItsIndex) {
  EXPECT_EQ(index(NodeId{5}), 5u);
}

TEST(Deadline, NeverIsAfterEveryOther) {
  const Clock::time_point now = Clock::now();
  EXPECT_LT(Deadline::after(Milliseconds(1.0), now), Deadline::never());
  EXPECT_FALSE(Deadline::never().passed(now));
  EXPECT_FALSE(Deadline::after(Milliseconds(1.0), now).passed(now));
  EXPECT_TRUE(Deadline::after(Milliseconds(0.0), now).passed(now));
}

}  // namespace
}  // namespace staronnx
