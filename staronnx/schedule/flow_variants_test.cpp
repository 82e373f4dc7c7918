// Which variant requests run, and which are refused because of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "staronnx/schedule/flow_for_test.h"

namespace staronnx {
namespace {

using testing::HasSubstr;

constexpr Microseconds kNever{std::numeric_limits<double>::infinity()};

// A fast worker that does everything, and a slow one for the first of two segments.
class VariantsTest : public FlowTest {
 protected:
  VariantsTest() : FlowTest("staronnx") {}

  void SetUp() override {
    if (runtime->groups().size() < 2) GTEST_SKIP() << "needs two cores";
  }

  // `expected`: of each segment, on the fast worker and on the slow one.
  PreparedVariant chain(const std::string& name, const std::vector<std::vector<Microseconds>>& expected, const Work& work) {
    PreparedVariant made{name, {}, {}};
    Plan plan;
    plan.signature = signature;
    Variant variant;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      Segment& segment = variant.segments.emplace_back();
      segment.inputs = {i == 0 ? "x" : std::to_string(i)};
      segment.outputs = {i + 1 == expected.size() ? "y" : std::to_string(i + 1)};
      plan.tensors[segment.outputs[0]] = {int64_vector(segment.outputs[0]), Bytes{64}};
      std::vector<PreparedSegment::OnPlace> on_place;
      for (std::size_t place = 0; place < 2; ++place) {
        on_place.push_back({std::make_shared<FakeExecutor>(work), {expected[i][place]}, place});
      }
      made.segments.push_back(std::make_unique<PreparedSegment>(name, std::move(on_place)));
    }
    made.route = *route_of(plan, variant);
    return made;
  }

  std::unique_ptr<Flow> flow_of_both(const Work& work) {
    std::vector<PreparedVariant> variants;
    variants.push_back(chain("whole", {{Seconds(1), kNever}}, work));
    variants.push_back(chain("k2", {{Seconds(0.5), Seconds(0.6)}, {Seconds(0.5), kNever}}, work));
    return std::make_unique<Flow>(runtime->state(), signature, std::move(variants), PipelineOptions{});
  }

  // On the fast worker, where it is expected to take long.
  std::unique_ptr<Flow> flow_on_the_fast_one(const Work& work) {
    std::vector<PreparedVariant> variants;
    variants.push_back(chain("long", {{Seconds(100), kNever}}, work));
    return std::make_unique<Flow>(runtime->state(), signature, std::move(variants), PipelineOptions{});
  }

  Signature signature{{int64_vector("x")}, {int64_vector("y")}};
};

TEST_F(VariantsTest, ARequestIsSplitWhileTheFastProcessorIsBusyAndRunsWholeOtherwise) {
  HeldUp held_up;
  const auto flow = flow_of_both(each([](std::int64_t v) { return v; }));
  const auto busy = flow_on_the_fast_one(held_up.work());
  ASSERT_TRUE(flow->submit(inputs({1}), {}, answers.take(1)));
  EXPECT_EQ(answers.wait(1).variant, "whole");
  ASSERT_TRUE(busy->submit(inputs({2}), {}, answers.take(2)));
  held_up.wait_until_running();
  ASSERT_TRUE(flow->submit(inputs({3}), {}, answers.take(3)));
  held_up.release();
  const Answer split = answers.wait(3);
  EXPECT_EQ(split.variant, "k2");
  ASSERT_EQ(split.segments.size(), 2U);
  EXPECT_EQ(split.segments[0].place, 1);
  EXPECT_EQ(split.segments[1].place, 0);
  EXPECT_EQ(split.outputs[0], std::vector<std::int64_t>{3});
}

TEST_F(VariantsTest, ARequestThatWouldBeLateIsRefusedBeforeItCostsAnything) {
  HeldUp held_up;
  const auto flow = flow_on_the_fast_one(held_up.work());
  const Deadline in_ten_seconds = Deadline::after(Seconds(10), Clock::now());
  ASSERT_TRUE(flow->submit(inputs({1}), {in_ten_seconds}, answers.take(1))) << "an idle machine tries";
  held_up.wait_until_running();
  const Result<RequestId> behind = flow->submit(inputs({2}), {in_ten_seconds}, answers.take(2));
  ASSERT_FALSE(behind);
  EXPECT_EQ(behind.error().code, ErrorCode::unavailable);
  EXPECT_THAT(behind.error().message, HasSubstr("the answer is expected in"));
  EXPECT_TRUE(flow->submit(inputs({3}), {}, answers.take(3)));
  held_up.release();
  EXPECT_TRUE(answers.wait(1).status);
  EXPECT_TRUE(answers.wait(3).status);
}

}  // namespace
}  // namespace staronnx
