#include <gmock/gmock.h>

#include <cmath>

#include "staronnx/placement/placement.h"
#include "staronnx/placement/problem_for_test.h"

namespace staronnx {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Placement placed(const PlacementProblem& problem, PlacementMethod method = PlacementMethod::best,
                 std::optional<std::size_t> segments = std::nullopt) {
  Result<Placement> placement = place(problem, {method, segments});
  EXPECT_TRUE(placement) << placement.error().message;
  return placement ? *placement : Placement{};
}

std::string refusal(const PlacementProblem& problem, std::optional<std::size_t> segments = std::nullopt) {
  const Result<Placement> placement = place(problem, {PlacementMethod::best, segments});
  return placement ? "accepted" : placement.error().message;
}

// a(4) -> b(4) -> c(4), 1 between each; one accelerator, one CPU three times slower.
PlacementProblem chain() {
  return problem_of({4, 4, 4}, {{0, {1}, 1}, {1, {2}, 1}}, 1, 1, 3);
}

TEST(Place, TakesTheCutThatLeavesTheBusiestProcessorLeastBusy) {
  const Placement placement = placed(problem_of({4, 4, 4}, {{0, {1}, 1}, {1, {2}, 1}}, 1, 1, 2));
  EXPECT_EQ(placement.period, 9);  // 4 + 4 + 1 on the accelerator, 8 on the CPU; the whole would take 12
  EXPECT_EQ(placement.lower_bound, 9);
  EXPECT_TRUE(placement.proved_optimal);
  ASSERT_EQ(placement.segments.size(), 2U);
}

TEST(Place, KeepsTheWholeWhereACutGainsNothing) {
  const Placement placement = placed(chain());
  EXPECT_EQ(placement.period, 12);
  EXPECT_THAT(placement.segment_of_node, ElementsAre(0, 0, 0));
  EXPECT_EQ(placement.segments[0].processor_class, 0U);
}

TEST(Place, CountsTheTransfersOfAnAcceleratorOnce) {
  // 0 is read by three nodes of the next accelerator: sent once, received once.
  const PlacementProblem problem = problem_of({6, 2, 2, 2}, {{0, {1, 2, 3}, 1}}, 2, 0);
  const Placement placement = placed(problem);
  EXPECT_EQ(placement.period, 7);
  EXPECT_THAT(placement.segment_of_node, ElementsAre(0, 1, 1, 1));
  EXPECT_EQ(placement.segments[0].load, (SegmentLoad{6, 0, 1}));
  EXPECT_EQ(placement.segments[1].load, (SegmentLoad{6, 1, 0}));
  EXPECT_EQ(placement.lone_latency, 14);
  EXPECT_EQ(placement.transferred, 1);
}

TEST(Place, OverlapMakesTheLargestOfTheThreeCount) {
  PlacementProblem problem = problem_of({6, 2, 2, 2}, {{0, {1, 2, 3}, 5}}, 2, 0);
  problem.overlap = true;
  EXPECT_EQ(placed(problem).period, 6);
}

TEST(Place, NumbersProcessorsWithinTheirClass) {
  const Placement placement = placed(problem_of({5, 5, 5, 5}, {{0, {1}, 0}, {1, {2}, 0}, {2, {3}, 0}}, 4, 0));
  EXPECT_EQ(placement.period, 5);
  for (std::size_t s = 0; s < 4; ++s) EXPECT_EQ(placement.segments[s].processor, s);
}

TEST(Place, AClassWithoutProcessorsGetsNothing) {
  const Placement placement = placed(problem_of({1, 1}, {{0, {1}, 0}}, 0, 2));
  for (const PlacedSegment& segment : placement.segments) EXPECT_EQ(segment.processor_class, 1U);
  EXPECT_EQ(placement.period, 10);
}

TEST(Place, ANodeGoesWhereItCanRun) {
  PlacementProblem problem = problem_of({1, 1, 1}, {{0, {1}, 0}, {1, {2}, 0}}, 1, 1);
  problem.classes[0].time[2] = std::numeric_limits<double>::infinity();
  for (const PlacementMethod method :
       {PlacementMethod::metis, PlacementMethod::order, PlacementMethod::exact, PlacementMethod::best}) {
    const Placement placement = placed(problem, method);
    EXPECT_EQ(placement.period, 10) << to_string(method);
    EXPECT_EQ(placement.segments[placement.segment_of_node[2]].processor_class, 1U) << to_string(method);
  }
}

TEST(Place, MakesExactlyTheSegmentsAskedFor) {
  for (std::size_t k = 1; k <= 2; ++k) {
    for (const PlacementMethod method :
         {PlacementMethod::metis, PlacementMethod::order, PlacementMethod::exact, PlacementMethod::best}) {
      const Placement placement = placed(chain(), method, k);
      EXPECT_EQ(placement.segments.size(), k) << to_string(method);
      EXPECT_EQ(placement.period, shortest_period(chain(), {k, k})) << to_string(method);
    }
  }
}

TEST(Place, SplitsAlsoNodesThatTakeNoTime) {
  const Placement placement = placed(problem_of({0, 0, 0}, {{0, {1}, 0}, {1, {2}, 0}}, 2, 1), PlacementMethod::best, 3);
  EXPECT_THAT(placement.segment_of_node, ElementsAre(0, 1, 2));
}

TEST(PlaceCandidates, AreDifferentTheBestFirst) {
  const PlacementProblem problem =
      problem_of({3, 1, 2, 2, 1, 3, 2}, {{0, {1}, 1}, {1, {2}, 1}, {2, {3}, 1}, {3, {4}, 1}, {4, {5}, 1}, {5, {6}, 1}}, 2, 0);
  const Result<std::vector<Placement>> placements = place_candidates(problem, {PlacementMethod::best, 2}, 4);
  ASSERT_TRUE(placements) << placements.error().message;
  ASSERT_EQ(placements->size(), 4U);
  EXPECT_EQ(placements->front(), [&] { return placed(problem, PlacementMethod::best, 2); }());
  for (std::size_t i = 1; i < 4; ++i) {
    EXPECT_LE((*placements)[i - 1].period, (*placements)[i].period);
    EXPECT_TRUE(goes_forward(problem, (*placements)[i].segment_of_node));
    EXPECT_EQ((*placements)[i].segments.size(), 2U);
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE((*placements)[i].segment_of_node, (*placements)[j].segment_of_node);
  }
}

TEST(Place, RefusesMoreSegmentsThanThereCanBe) {
  EXPECT_THAT(refusal(chain(), 3), HasSubstr("3 segments: each needs a processor of its own, and there are 2"));
  EXPECT_THAT(refusal(problem_of({1}, {}, 2, 2), 2), HasSubstr("the graph has 1 nodes"));
}

TEST(Place, RefusesWhatIsNoProblem) {
  EXPECT_THAT(refusal(problem_of({}, {}, 1, 1)), HasSubstr("no nodes"));
  EXPECT_THAT(refusal(problem_of({1}, {}, 0, 0)), HasSubstr("no processor"));
  EXPECT_THAT(refusal(problem_of({1, -1}, {}, 1, 1)), HasSubstr("node 1 has a time that is negative"));
  EXPECT_THAT(refusal(problem_of({1, std::nan("")}, {}, 1, 1)), HasSubstr("node 1"));
  EXPECT_THAT(refusal(problem_of({1, 1}, {{1, {0}, 0}}, 1, 1)), HasSubstr("tensor of node 1 does not go forward"));
  EXPECT_THAT(refusal(problem_of({1, 1}, {{0, {1}, -2}}, 1, 1)), HasSubstr("transfer time"));
  PlacementProblem nowhere = problem_of({1, 1}, {}, 1, 0);
  nowhere.classes[0].time[1] = std::numeric_limits<double>::infinity();
  EXPECT_THAT(refusal(nowhere), HasSubstr("node 1 can run on none"));
}

TEST(Place, ParsesMethods) {
  EXPECT_EQ(*parse_placement_method("order"), PlacementMethod::order);
  EXPECT_THAT(parse_placement_method("simplex").error().message, HasSubstr("metis, order, exact, best"));
}

// Against trying every cut of small random graphs.
class RandomProblems : public ::testing::TestWithParam<unsigned> {};

TEST_P(RandomProblems, BestIsTheOptimumAndTheBoundIsBelowIt) {
  const PlacementProblem problem = random_problem(2 + GetParam() % 6, GetParam());
  const double optimum = shortest_period(problem, {1, problem.processors()});
  const Placement best = placed(problem);
  EXPECT_NEAR(best.period, optimum, 1e-9);
  EXPECT_TRUE(best.proved_optimal);
  for (const PlacementMethod method : {PlacementMethod::metis, PlacementMethod::order, PlacementMethod::exact}) {
    const Placement placement = placed(problem, method);
    EXPECT_GE(placement.period, optimum - 1e-9);
    EXPECT_LE(placement.lower_bound, optimum + 1e-9) << to_string(method);
    EXPECT_TRUE(goes_forward(problem, placement.segment_of_node));
    EXPECT_EQ(placement, placed(problem, method)) << "not the same again";
  }
}

TEST_P(RandomProblems, ExactIsTheOptimumForEachNumberOfSegments) {
  const PlacementProblem problem = random_problem(3 + GetParam() % 4, GetParam() + 1'000);
  for (std::size_t k = 1; k <= std::min<std::size_t>(problem.processors(), problem.nodes()); ++k) {
    const Placement placement = placed(problem, PlacementMethod::exact, k);
    EXPECT_NEAR(placement.period, shortest_period(problem, {k, k}), 1e-9);
    EXPECT_EQ(placement.segments.size(), k);
    EXPECT_EQ(placement.method, PlacementMethod::exact);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomProblems, ::testing::Range(0U, 40U));

}  // namespace
}  // namespace staronnx
