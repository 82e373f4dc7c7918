#include "staronnx/schedule/cost_model.h"

#include <gtest/gtest.h>

namespace staronnx {
namespace {

TEST(CostModel, BelievesThePlanAtFirst) {
  const CostModel model({Microseconds(100), Microseconds(60)});
  EXPECT_EQ(model.expected(0), Microseconds(100));
  EXPECT_EQ(model.expected(1), Microseconds(60));
}

TEST(CostModel, FollowsAMachineThatBecomesSlower) {
  CostModel model({Microseconds(100)});
  for (int run = 0; run < 30; ++run) model.observe(0, Microseconds(150));
  EXPECT_NEAR(model.expected(0).count(), 150, 2);
}

TEST(CostModel, AnOutlierDoesLittle) {
  CostModel model({Microseconds(100)});
  model.observe(0, Microseconds(1'000'000));
  EXPECT_LE(model.expected(0), Microseconds(125));
  for (int run = 0; run < 20; ++run) model.observe(0, Microseconds(100));
  EXPECT_NEAR(model.expected(0).count(), 100, 3);
}

TEST(CostModel, APlanThatIsFarOffIsCorrected) {
  CostModel model({Microseconds(1)});
  for (int run = 0; run < 100; ++run) model.observe(0, Microseconds(5'000));
  EXPECT_NEAR(model.expected(0).count(), 5'000, 100);
}

TEST(CostModel, OtherKindsFollowSlowly) {
  CostModel model({Microseconds(100), Microseconds(60)});
  for (int run = 0; run < 10; ++run) model.observe(0, Microseconds(200));
  EXPECT_GT(model.expected(1), Microseconds(60));
  EXPECT_LT(model.expected(1), Microseconds(70));
}

TEST(CostModel, ADisturbanceIsForgottenWhileOtherKindsRun) {
  CostModel model({Microseconds(100), Microseconds(60)});
  for (int run = 0; run < 30; ++run) model.observe(0, Microseconds(150));
  for (int run = 0; run < 400; ++run) model.observe(1, Microseconds(60));
  EXPECT_NEAR(model.expected(0).count(), 100, 3);
}

}  // namespace
}  // namespace staronnx
