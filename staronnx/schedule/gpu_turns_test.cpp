#include "staronnx/schedule/gpu_turns.h"

#include <gtest/gtest.h>

namespace staronnx {
namespace {

Clock::time_point at(int ms) {
  return Clock::time_point(std::chrono::milliseconds(ms));
}

TEST(GpuTurns, ARunTakesWhatItTakesAfterTheOneBeforeIt) {
  GpuTurns turns(2, 2);
  EXPECT_EQ(turns.took(0, at(10), at(14)), Milliseconds(4));
  EXPECT_EQ(turns.took(1, at(11), at(18)), Milliseconds(4)) << "it waited for the other worker's until 14";
  EXPECT_EQ(turns.took(0, at(30), at(34)), Milliseconds(4));
  EXPECT_EQ(turns.took(2, at(11), at(18)), Milliseconds(7)) << "another GPU";
}

TEST(GpuTurns, InPlacesAfterTheGpusNobodyWaits) {
  GpuTurns turns(1, 2);
  EXPECT_EQ(turns.took(2, at(10), at(14)), Milliseconds(4));
  EXPECT_EQ(turns.took(2, at(11), at(18)), Milliseconds(7));
}

}  // namespace
}  // namespace staronnx
