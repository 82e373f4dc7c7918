// On real segments, with ONNX Runtime.
#include "staronnx/schedule/core_trials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "staronnx/base/temporary_directory.h"
#include "staronnx/schedule/example_plan_for_test.h"
#include "staronnx/schedule/prepared_variant.h"
#include "staronnx/schedule/runtime_state.h"

namespace staronnx {
namespace {

using testing::Each;
using testing::Le;
using testing::SizeIs;

class CoreTrials : public testing::Test {
 protected:
  CoreTrials() { plan.shapes = {{4}, {4}}; }

  // What the three segments of k3 are expected to take on the first core, by a plan that says `planned` of each.
  std::vector<Microseconds> expected_when_planned(Microseconds planned) {
    for (Segment& segment : plan.variants[2].segments) segment.cpu_time.alone = {{1, planned}};
    const std::unique_ptr<Runtime> runtime = *Runtime::start({.groups = *core_groups(machine, "1"), .cache = directory.path()});
    std::vector<std::string> notes;
    const Result<PreparedVariant> prepared =
        prepare_variant(runtime->state(), *engine, plan, directory.path(), plan.variants[2], notes);
    EXPECT_TRUE(prepared) << prepared.error().message;
    std::vector<Microseconds> expected;
    for (const auto& segment : prepared->segments) expected.push_back(segment->expected(0, 1));
    return expected;
  }

  TemporaryDirectory directory = *TemporaryDirectory::create();
  Machine machine = *detect_machine();
  std::unique_ptr<Engine> engine = *Engine::create();
  ExamplePlan example{directory.path()};
  Plan& plan = example.plan;
};

TEST_F(CoreTrials, APlanOfABusyMachineIsCorrected) {
  const std::vector<Microseconds> expected = expected_when_planned(Seconds(100));
  EXPECT_THAT(expected, SizeIs(3));
  for (const Microseconds time : expected) EXPECT_LT(time, Seconds(100));
}

TEST_F(CoreTrials, ABusyMachineDoesNotSpoilAPlan) {
  EXPECT_THAT(expected_when_planned(Microseconds(0.5)), Each(Le(Microseconds(1))));
}

TEST_F(CoreTrials, WhatIsNotKnownToRunKeepsItsPlan) {
  plan.shapes = {{4}, {3}};  // an error in the second node
  EXPECT_THAT(expected_when_planned(Seconds(100)), Each(Seconds(100)));
  plan.shapes = {};
  EXPECT_THAT(expected_when_planned(Seconds(100)), Each(Seconds(100)));
}

}  // namespace
}  // namespace staronnx
