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
  EXPECT_EQ(describe(plan),
            "small.onnx (sha256 0123456789ab), 3 nodes to place\n"
            "planned on Test CPU, 2 cores with onnxruntime 1.0\n"
            "input image: float32 1x3x8x8\n"
            "\n"
            "k2: 2 segments, 1 KiB cross per request\n"
            "  1: 2 nodes, 66.7 % of the work (wanted 70 %), 2 ms on 1 core, 1.2 ms on 2 cores\n"
            "  2: 1 node, 33.3 % of the work (wanted 30 %), 1 ms on 1 core, 0.6 ms on 2 cores\n"
            "       from segment 1: t1 (float32 1x256, 1 KiB)\n");
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

TEST(Svg, RefusesAPlanWhoseNodesReadLaterOnes) {
  const Plan plan = plan_of({{1}, {}}, {0, 0});
  const Result<std::string> svg = svg_of(plan, plan.variants[0]);
  ASSERT_FALSE(svg);
  EXPECT_THAT(svg.error().message, HasSubstr("node 'Op0'"));
}

}  // namespace
}  // namespace staronnx
