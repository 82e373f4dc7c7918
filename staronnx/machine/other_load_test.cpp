#include "staronnx/machine/other_load.h"

#include <gtest/gtest.h>

namespace staronnx {
namespace {

TEST(OtherLoad, ReadsTheFirstLineOfProcStat) {
  const auto time = parse_proc_stat("cpu  100 10 40 800 50 5 5 90 7 0\ncpu0 1 2 3 4 5 6 7 8 9 0\n", 100);
  ASSERT_TRUE(time.has_value());
  EXPECT_DOUBLE_EQ(time->total.count(), 11);
  EXPECT_DOUBLE_EQ(time->busy.count(), 2.5);
}

TEST(OtherLoad, IsUnknownFromOtherText) {
  EXPECT_FALSE(parse_proc_stat("", 100).has_value());
  EXPECT_FALSE(parse_proc_stat("cpu  1 2 3", 100).has_value());
  EXPECT_FALSE(parse_proc_stat("intr 1 2 3 4 5 6 7 8", 100).has_value());
}

TEST(OtherLoad, IsWhatIsBusyBesideThisProcess) {
  const ProcessorTime begin{.busy = Seconds(10), .total = Seconds(100), .own = Seconds(1)};
  const ProcessorTime end{.busy = Seconds(25), .total = Seconds(120), .own = Seconds(11)};
  EXPECT_DOUBLE_EQ(others_share(begin, end), 0.25);
}

TEST(OtherLoad, IsNeverBelowZero) {
  const ProcessorTime begin{};
  const ProcessorTime end{.busy = Seconds(9.9), .total = Seconds(20), .own = Seconds(10)};  // ticks are coarser than own time
  EXPECT_EQ(others_share(begin, end), 0);
  EXPECT_EQ(others_share(begin, begin), 0);
}

TEST(OtherLoad, CanBeAskedOfThisMachine) {
  const auto time = processor_time();
  ASSERT_TRUE(time.has_value());
  EXPECT_GT(time->total, Seconds(0));
  EXPECT_LE(time->busy, time->total);
}

}  // namespace
}  // namespace staronnx
