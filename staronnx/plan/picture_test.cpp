#include "staronnx/plan/picture.h"

#include <gmock/gmock.h>

#include "staronnx/plan/plan_for_test.h"

namespace staronnx {
namespace {

using testing::HasSubstr;

TEST(Describe, SaysWhatAPersonWantsToKnow) {
  Plan plan = plan_of(chain(3), {0, 0, 1});
  plan.signature.inputs = {{"image", DataType::float32, {1, 3, 8, 8}, {"", "", "", ""}, false}};
  plan.shapes = {{1, 3, 8, 8}};
  plan.variants[0].shares = {0.7, 0.3};
  plan.variants[0].work = {0.667, 0.333};
  plan.variants[0].method = "exact";
  plan.variants[0].cuts_measured = 10;
  plan.variants[0].segments[1].batched = {{2, {{{1, Milliseconds(1.5)}}, {}}}, {4, {{{1, Milliseconds(2.5)}}, {}}}};
  plan.variants[0].period_over_bound = 1.0123;
  plan.prediction.slo = Milliseconds(15);
  plan.prediction.bound = {612.5, {{"k2", {"cpu x1", "GPU"}, 1, 600}, {"k2", {"GPU", "GPU"}, 8, 12.5}}};
  plan.prediction.forecasts = {{"k2", "1,1", Milliseconds(3.1), 640, 480.4, {}}};
  plan.prediction.estimates = {"times on GPU: guessed"};
  EXPECT_EQ(describe(plan),
            "small.onnx (sha256 0123456789ab), 3 nodes to place\n"
            "planned on Test CPU, 2 cores with onnxruntime 1.0\n"
            "input image: float32 1x3x8x8\n"
            "\n"
            "k2: 2 segments, 1 KiB cross per request; cut by exact, the best of 10 measured, period / bound 1.01\n"
            "  1: 2 nodes, 66.7 % of the work (wanted 70 %), 2 ms on 1 core, 1.2 ms on 2 cores\n"
            "  2: 1 node, 33.3 % of the work (wanted 30 %), 1 ms on 1 core, 0.6 ms on 2 cores; batches on 1 core: 2 in 1.5 ms, 4 "
            "in 2.5 ms\n"
            "       from segment 1: t1 (float32 1x256, 1 KiB)\n"
            "\n"
            "predicted, with p99 within 15 ms:\n"
            "  k2 on core groups 1,1: lone 3.1 ms, saturated at 640/s, congested from 480/s\n"
            "the machine's bound: 612 requests/s (600/s k2 on cpu x1 then GPU; 12.5/s k2 on GPU then GPU in batches of 8)\n"
            "and with lone requests within the limit: no way of running it is quick enough\n"
            "estimated: times on GPU: guessed\n");
}

TEST(Describe, CountsTensorsThatAreTooManyToName) {
  std::vector<std::vector<std::size_t>> reads(6);
  reads[5] = {0, 1, 2, 3, 4};
  EXPECT_THAT(describe(plan_of(reads, {0, 0, 0, 0, 0, 1})), HasSubstr("from segment 1: 5 tensors, 5 KiB\n"));
}

TEST(Describe, OfTheWholeModelIsOneLine) {
  EXPECT_THAT(describe(plan_of(chain(3), {0, 0, 0})),
              HasSubstr("\nk1: one segment, 3 nodes, 3 ms on 1 core, 1.8 ms on 2 cores\n"));
}

TEST(Describe, SaysWhichProviderWasTakenAndByHowMuch) {
  Plan plan = plan_of(chain(2), {0, 1});
  plan.variants[0].work = plan.variants[0].shares;
  Segment& first = plan.variants[0].segments[0];
  first.cpu_time.busy = {{1, Milliseconds(2)}, {2, Milliseconds(1)}};
  first.other_provider_time.busy = {{1, Milliseconds(2.5)}, {2, Milliseconds(1.5)}};
  first.provider = Provider::openvino;
  first.provider_note = "some nodes were left over";
  plan.variants[0].segments[1].provider_note = "OpenVINO cannot run it";
  EXPECT_THAT(describe(plan),
              HasSubstr("openvino (1.25 times as fast as cpu on 1 core, 1.5 on 2 cores), 1 ms on 1 core, 0.6 ms on 2 "
                        "cores\n       some nodes were left over\n"));
  EXPECT_THAT(describe(plan), HasSubstr("1 ms on 1 core, 0.6 ms on 2 cores\n       OpenVINO cannot run it\n"));
}

TEST(Svg, RefusesAPlanWhoseNodesReadLaterOnes) {
  const Plan plan = plan_of({{1}, {}}, {0, 0});
  const Result<std::string> svg = svg_of(plan, plan.variants[0]);
  ASSERT_FALSE(svg);
  EXPECT_THAT(svg.error().message, HasSubstr("node 'Op0'"));
}

}  // namespace
}  // namespace staronnx
