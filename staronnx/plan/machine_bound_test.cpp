#include "staronnx/plan/machine_bound.h"

#include <gmock/gmock.h>

namespace staronnx {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Microseconds kAnyLatency{1e12};

// Resources: an accelerator that takes 1 ms for the whole model, and four cores that each take 10 ms; or half of it each.
const WayToRun accelerator{"whole", {"gpu"}, 1, Milliseconds(1), {Milliseconds(1), Milliseconds(0)}};
const WayToRun core{"whole", {"cpu"}, 1, Milliseconds(10), {Milliseconds(0), Milliseconds(10)}};
const WayToRun small_part_on_a_core{"k2", {"gpu", "cpu"}, 1, Milliseconds(1.9), {Milliseconds(0.9), Milliseconds(1)}};

TEST(MachineBound, AllProcessorsAddUp) {
  const RateBound bound = machine_bound({accelerator, core}, {1, 4}, kAnyLatency);
  EXPECT_NEAR(bound.rate_per_s, 1'400, 1e-6);
  EXPECT_THAT(bound.mix, ElementsAre(testing::Field(&MixPart::rate_per_s, testing::DoubleNear(1'000, 1e-6)),
                                     testing::Field(&MixPart::rate_per_s, testing::DoubleNear(400, 1e-6))));
}

TEST(MachineBound, UnderALatencyLimitOnlyASplitUsesTheCores) {
  EXPECT_NEAR(machine_bound({accelerator, core}, {1, 4}, Milliseconds(2)).rate_per_s, 1'000, 1e-6);
  const RateBound bound = machine_bound({accelerator, core, small_part_on_a_core}, {1, 4}, Milliseconds(2));
  EXPECT_NEAR(bound.rate_per_s, 1 / 0.0009, 1e-3);
  EXPECT_EQ(bound.mix.at(0).variant, "k2");
}

TEST(MachineBound, WithoutAnyWayThatIsQuickEnoughThereIsNoRate) {
  const RateBound bound = machine_bound({core}, {1, 4}, Milliseconds(2));
  EXPECT_EQ(bound.rate_per_s, 0);
  EXPECT_THAT(bound.mix, IsEmpty());
}

}  // namespace
}  // namespace staronnx
