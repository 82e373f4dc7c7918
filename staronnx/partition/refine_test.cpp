#include "staronnx/partition/refine.h"

#include <gmock/gmock.h>

#include "staronnx/partition/graph_for_test.h"
#include "staronnx/partition/order.h"

namespace staronnx {
namespace {

using testing::ElementsAre;

Problem problem_of(const WeightedGraph& g, std::vector<double> shares) {
  return make_problem(g.graph, g.weights, {std::move(shares)});
}

TEST(Refine, BalancesFirst) {
  const WeightedGraph g = chain(std::vector<double>(4, 1), {1, 1000, 1});
  EXPECT_THAT(refine(problem_of(g, {0.5, 0.5}), {0, 1, 1, 1}), ElementsAre(0, 0, 1, 1));
}

TEST(Refine, ThenSavesBytes) {
  // Both middle nodes weigh nothing, so the cut may lie anywhere between the ends.
  const WeightedGraph g = chain({1, 0, 0, 1}, {900, 500, 700});
  EXPECT_THAT(refine(problem_of(g, {0.5, 0.5}), {0, 1, 1, 1}), ElementsAre(0, 0, 1, 1));
}

TEST(Refine, PassesThroughWorseStatesToABetterOne) {
  std::vector<double> work(12, 0);
  work.front() = work.back() = 1;
  const WeightedGraph g = chain(work, {50, 90, 90, 90, 90, 90, 90, 90, 90, 90, 10});
  EXPECT_THAT(refine(problem_of(g, {0.5, 0.5}), {0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}),
              ElementsAre(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1));
}

TEST(Refine, KeepsTheLastNodeOfASegment) {
  const WeightedGraph g = chain({1, 100, 1}, {1, 1});
  EXPECT_THAT(refine(problem_of(g, {0.98, 0.01, 0.01}), {0, 1, 2}), ElementsAre(0, 1, 2));
}

TEST(Refine, NeverMakesValidSegmentsWorseOrInvalid) {
  for (const GraphShape shape : kGraphShapes) {
    for (unsigned seed = 0; seed < 20; ++seed) {
      const WeightedGraph g = random_graph(shape, 60, seed);
      const Problem problem = problem_of(g, {0.4, 0.1, 0.3, 0.2});
      const Segments start = prefix_split(problem, random_order(problem, seed));
      const Segments refined = refine(problem, start);
      EXPECT_LE(score_of(problem, refined), score_of(problem, start));
      Partition partition{4, {}};
      for (const std::uint32_t segment : refined) partition.of_node.push_back(SegmentId{segment});
      EXPECT_TRUE(check(g.graph, partition));
    }
  }
}

}  // namespace
}  // namespace staronnx
