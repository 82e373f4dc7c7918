#include "staronnx/plan/prediction.h"

#include <gmock/gmock.h>

#include "staronnx/plan/plan_for_test.h"

namespace staronnx {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// "whole", 4 ms on one core, and "k2", 3 and 1 ms; a tensor of 1 KiB between. Two cores take 0.6 of the time.
Plan plan() {
  Plan plan = plan_of(chain(4), {0, 0, 0, 0});
  plan.variants[0].name = "whole";
  const Plan split = plan_of(chain(4), {0, 0, 0, 1});
  plan.variants.push_back(split.variants[0]);
  plan.tensors = split.tensors;
  for (Variant& variant : plan.variants) {
    for (Segment& segment : variant.segments) segment.cpu_time.busy = segment.cpu_time.alone;
  }
  return plan;
}

Machine machine_of(int cores) {
  Machine machine;
  for (int core = 0; core < cores; ++core) machine.cores.push_back({core, 0});
  return machine;
}

Machine with_gpu(Machine machine) {
  machine.gpus = {{0, "Fast", Bytes{1 << 30}, "", 8}};
  const Memory host{MemoryKind::numa_node, 0}, gpu{MemoryKind::gpu, 0};
  machine.links = {{host, gpu, BytesPerSecond{1024e6}, Microseconds(9)}, {gpu, host, BytesPerSecond{1024e6}, Microseconds(9)}};
  return machine;
}

const Forecast& forecast(const Prediction& prediction, const std::string& variant, const std::string& groups) {
  return *std::ranges::find_if(prediction.forecasts,
                               [&](const Forecast& one) { return one.variant == variant && one.core_groups == groups; });
}

TEST(Predict, EveryVariantOnGroupsOfEachMeasuredWidth) {
  const Prediction prediction = *predict(plan(), machine_of(4), std::nullopt);
  ASSERT_THAT(prediction.forecasts, SizeIs(4));
  const Forecast& narrow = forecast(prediction, "whole", "1,1,1,1");
  EXPECT_NEAR(narrow.lone.count(), 4, 0.1);  // and the handover
  EXPECT_NEAR(narrow.saturated_per_s, 1'000, 20);
  EXPECT_NEAR(forecast(prediction, "whole", "2,2").saturated_per_s, 833, 20);
  EXPECT_THAT(prediction.estimates, IsEmpty());
}

TEST(Predict, LatencyGrowsWithTheRateUpToTheThreshold) {
  const Prediction prediction = *predict(plan(), machine_of(2), Milliseconds(10));
  for (const Forecast& one : prediction.forecasts) {
    for (std::size_t i = 1; i < one.points.size(); ++i) {
      EXPECT_GE(one.points[i].p50, one.points[i - 1].p50);
      EXPECT_GE(one.points[i].p99, one.points[i - 1].p99);
      EXPECT_LE(one.points[i].p50, one.points[i].p99);
      EXPECT_EQ(one.points[i].p99 <= Milliseconds(10), one.points[i].rate_per_s <= one.threshold_per_s) << one.variant;
    }
    EXPECT_LT(one.threshold_per_s, one.saturated_per_s);
  }
}

TEST(Predict, TheLimitIsFiveTimesTheQuickestUnlessGiven) {
  const Prediction prediction = *predict(plan(), machine_of(2), std::nullopt);
  EXPECT_NEAR(prediction.slo.count(), 5 * 2.435, 0.01);  // the whole on two cores
  EXPECT_EQ(predict(plan(), machine_of(2), Milliseconds(50))->slo, Milliseconds(50));
}

TEST(Predict, TheBoundTakesTheCheapestWidth) {
  const Prediction prediction = *predict(plan(), machine_of(2), std::nullopt);
  EXPECT_NEAR(prediction.bound.rate_per_s, 500, 1);  // two cores, 4 ms of core time; two together would cost 4.8
  EXPECT_THAT(prediction.bound.mix.at(0).processors, Each("cpu x1"));
  EXPECT_NEAR(predict(plan(), machine_of(2), Milliseconds(3))->bound_within_slo.rate_per_s, 2'000 / 4.6,
              1);  // both cores, then one
  EXPECT_EQ(predict(plan(), machine_of(2), Milliseconds(1))->bound_within_slo.rate_per_s, 0);
}

TEST(Predict, TheBoundCountsGroupsThatThereAre) {
  // Within the limit the first segment, 1.8 ms, is for a group of two cores, of which five cores make two, and the rest, 0.6 ms, too.
  const Milliseconds limit{2.6};
  const double of_four = predict(plan(), machine_of(4), limit)->bound_within_slo.rate_per_s;
  EXPECT_NEAR(of_four, 4'000 / 4.8, 1);
  EXPECT_NEAR(predict(plan(), machine_of(5), limit)->bound_within_slo.rate_per_s, of_four, 1);
  EXPECT_NEAR(predict(plan(), machine_of(6), limit)->bound_within_slo.rate_per_s, 1.5 * of_four, 1);
}

TEST(Predict, TheBoundBatchesWhereThatIsCheaperAndQuickEnough) {
  Plan batched = plan();
  for (Segment& segment : batched.variants[0].segments) {
    segment.batched[4] = {{{1, Milliseconds(8)}, {2, Milliseconds(6)}}, {{1, Milliseconds(8)}, {2, Milliseconds(6)}}};
  }
  const Prediction prediction = *predict(batched, machine_of(2), Milliseconds(5));
  EXPECT_NEAR(prediction.bound.rate_per_s, 1'000, 1);  // two cores, 2 ms a request
  EXPECT_EQ(prediction.bound.mix.at(0).batch, 4);
  EXPECT_NEAR(prediction.bound_within_slo.rate_per_s, 500, 1);  // a batch alone takes too long
}

TEST(Predict, AGpuAddsItsRateAndIsSaidToBeEstimated) {
  const Prediction prediction = *predict(plan(), with_gpu(machine_of(3)), std::nullopt);
  EXPECT_NEAR(prediction.bound.rate_per_s, 500 + 2'000, 1);  // the GPU takes 0.5 ms; a core drives it
  EXPECT_THAT(prediction.estimates, ElementsAre(HasSubstr("Fast")));
}

TEST(Predict, ANodeAddsItsRateAndNeedsLinks) {
  Machine machine = machine_of(2);
  machine.nodes = {{0, 2, 2}};  // 1.2 ms a request
  const Memory host{MemoryKind::numa_node, 0}, node{MemoryKind::node, 0};
  machine.links = {{host, node, BytesPerSecond{1e9}, Microseconds(200)}, {node, host, BytesPerSecond{1e9}, Microseconds(200)}};
  EXPECT_NEAR(predict(plan(), machine, std::nullopt)->bound.rate_per_s, 500 + 1'000 / 1.2, 1);
  EXPECT_THAT(predict(plan(), machine, std::nullopt)->estimates, ElementsAre(HasSubstr("node0")));
  machine.links.pop_back();
  EXPECT_THAT(predict(plan(), machine, std::nullopt).error().message, HasSubstr("numa0 to node0"));
}

TEST(Predict, ALimitThatACoreCannotKeepWithTheWholeIsKeptWithASplit) {
  // A core does the last quarter, 1 ms, after the GPU's 0.375 ms; the whole would take it 4 ms. Both links are far from full.
  const double with_split = predict(plan(), with_gpu(machine_of(1)), Milliseconds(1.6))->bound_within_slo.rate_per_s;
  EXPECT_GT(with_split, 2'200);
  EXPECT_LT(with_split, 2'000 + 1'000);
}

TEST(Predict, AsksForTheSpeedAndTheLinksOfAGpu) {
  Machine machine = with_gpu(machine_of(2));
  machine.gpus[0].speed.reset();
  EXPECT_THAT(predict(plan(), machine, std::nullopt).error().message, HasSubstr("speed"));
  machine = with_gpu(machine_of(2));
  machine.links.pop_back();
  EXPECT_THAT(predict(plan(), machine, std::nullopt).error().message, HasSubstr("links"));
}

}  // namespace
}  // namespace staronnx
