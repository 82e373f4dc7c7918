#include "staronnx/plan/provider_choice.h"

#include <gtest/gtest.h>

namespace staronnx {
namespace {

CpuTimes busy(double width_1, double width_2) {
  return {{}, {{1, Microseconds(width_1)}, {2, Microseconds(width_2)}}};
}

TEST(TakesOpenvino, WhereItIsFasterAndNowhereSlower) {
  const CpuTimes own = busy(100, 60);
  EXPECT_TRUE(takes_openvino(own, busy(80, 40)));
  EXPECT_TRUE(takes_openvino(own, busy(102, 50))) << "as fast on one core, faster on two";
  EXPECT_FALSE(takes_openvino(own, busy(110, 30))) << "slower on one core";
  EXPECT_FALSE(takes_openvino(own, busy(98, 59))) << "no more than measurements differ";
  EXPECT_FALSE(takes_openvino(own, {})) << "it could not be measured";
}

}  // namespace
}  // namespace staronnx
