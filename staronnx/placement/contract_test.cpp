#include "staronnx/placement/contract.h"

#include <gmock/gmock.h>

#include "staronnx/placement/down_sets.h"
#include "staronnx/placement/problem_for_test.h"

namespace staronnx {
namespace {

using ::testing::ElementsAre;

TEST(Contract, AddsUpTimesAndTensorsOfAGroup) {
  const PlacementProblem problem = problem_of({1, 2, 4}, {{0, {1, 2}, 0.5}, {1, {2}, 0.25}}, 1, 1);
  const Contracted contracted = contract(problem, std::vector<std::uint32_t>{1, 1, 0});
  EXPECT_THAT(contracted.group_of_node, ElementsAre(0, 0, 1));  // topological numbers
  EXPECT_THAT(contracted.problem.classes[0].time, ElementsAre(3, 4));
  EXPECT_THAT(contracted.problem.tensors, ElementsAre(PlacementTensor{0, {1}, 0.75}));
}

TEST(Reduce, AFreeSourceGoesWithItsFirstConsumer) {
  const PlacementProblem problem = problem_of({0, 3, 3}, {{0, {1, 2}, 0}, {1, {2}, 1}}, 2, 0);
  const Contracted reduced = reduce(problem);
  EXPECT_THAT(reduced.group_of_node, ElementsAre(kDropped, 0, 1));
  EXPECT_THAT(expand(problem, reduced, {{0, 1}, {0, 0}}).segment, ElementsAre(0, 0, 1));
}

TEST(Reduce, ANodeWithoutWorkJoinsTheCheaperSide) {
  const PlacementProblem cheap_before = problem_of({3, 0, 3}, {{0, {1}, 1}, {1, {2}, 2}}, 2, 0);
  EXPECT_THAT(reduce(cheap_before).group_of_node, ElementsAre(0, 1, 1));
  const PlacementProblem cheap_behind = problem_of({3, 0, 3}, {{0, {1}, 2}, {1, {2}, 1}}, 2, 0);
  EXPECT_THAT(reduce(cheap_behind).group_of_node, ElementsAre(0, 0, 1));
}

TEST(Reduce, NeverMakesTheOptimumWorse) {
  for (unsigned seed = 0; seed < 150; ++seed) {
    const PlacementProblem problem = random_problem(3 + seed % 4, seed);
    const PlacementProblem smaller = reduce(problem).problem;
    const std::size_t processors = problem.processors();
    EXPECT_NEAR(shortest_period(smaller, {1, processors}), shortest_period(problem, {1, processors}), 1e-9) << "seed " << seed;
  }
}

TEST(DownSets, OfAChainAndOfNodesWithoutOrder) {
  EXPECT_EQ(down_sets_of(problem_of({1, 1, 1}, {{0, {1}, 0}, {1, {2}, 0}}, 1, 1), 100)->count(), 4U);
  EXPECT_EQ(down_sets_of(problem_of({1, 1, 1}, {}, 1, 1), 100)->count(), 8U);
  EXPECT_FALSE(down_sets_of(problem_of({1, 1, 1}, {}, 1, 1), 7));
}

}  // namespace
}  // namespace staronnx
