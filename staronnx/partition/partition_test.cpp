#include "staronnx/partition/partition.h"

#include <gmock/gmock.h>

#include <limits>
#include <numeric>

#include "staronnx/partition/graph_for_test.h"

namespace staronnx {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::size_t> segments_of(const WeightedGraph& g, std::vector<double> shares) {
  const Result<Partition> found = partition(g.graph, g.weights, {std::move(shares)}, 1);
  EXPECT_TRUE(found);
  std::vector<std::size_t> segments;
  for (const SegmentId segment : found->of_node) segments.push_back(index(segment));
  return segments;
}

std::string refusal(const WeightedGraph& g, std::vector<double> shares) {
  const Result<Partition> found = partition(g.graph, g.weights, {std::move(shares)}, 1);
  EXPECT_FALSE(found);
  if (found) return "";
  EXPECT_EQ(found.error().code, ErrorCode::invalid_argument);
  return found.error().message;
}

WeightedGraph even_chain(std::size_t nodes) {
  return chain(std::vector<double>(nodes, 1), std::vector<std::uint64_t>(nodes - 1, 100));
}

TEST(Partition, OfAChainFollowsTheSharesInOrder) {
  EXPECT_THAT(segments_of(even_chain(10), {0.7, 0.3}), ElementsAre(0, 0, 0, 0, 0, 0, 0, 1, 1, 1));
  EXPECT_THAT(segments_of(even_chain(10), {0.2, 0.5, 0.3}), ElementsAre(0, 0, 1, 1, 1, 1, 1, 2, 2, 2));
  EXPECT_THAT(segments_of(even_chain(10), {0.1, 0.1, 0.6, 0.2}), ElementsAre(0, 1, 2, 2, 2, 2, 2, 2, 3, 3));
}

TEST(Partition, CutsTheSmallestTensorWithinTheTolerance) {
  const WeightedGraph g = chain({10, 9, 0.5, 0.5, 10, 10}, {900, 800, 500, 400, 700});
  EXPECT_THAT(segments_of(g, {0.5, 0.5}), ElementsAre(0, 0, 0, 0, 1, 1));
}

TEST(Partition, CountsATensorOncePerReceivingSegment) {
  // Cut after node 0: one tensor of 100 for three readers. Cut before node 4: three tensors of 60.
  const WeightedGraph g = weighted_graph({50, 0, 0, 0, 50}, {{0, {1, 2, 3}, 100}, {1, {4}, 60}, {2, {4}, 60}, {3, {4}, 60}});
  EXPECT_THAT(segments_of(g, {0.5, 0.5}), ElementsAre(0, 1, 1, 1, 1));
}

TEST(Partition, RefusesTheCheapCutWhosePartsNeedEachOther) {
  // Apart from directions, {0, 2} and {1} would be best.
  const WeightedGraph g = weighted_graph({1, 2, 1}, {{0, {2}, 1000}, {0, {1}, 1}, {1, {2}, 1}});
  EXPECT_THAT(segments_of(g, {0.5, 0.5}), testing::AnyOf(ElementsAre(0, 0, 1), ElementsAre(0, 1, 1)));
}

TEST(Partition, SeparatesWhatIsNotConnected) {
  const WeightedGraph g = weighted_graph({1, 1, 1, 1, 1, 1}, {{0, {2}, 9}, {2, {4}, 9}, {1, {3}, 9}, {3, {5}, 9}});
  EXPECT_THAT(segments_of(g, {0.5, 0.5}), testing::AnyOf(ElementsAre(0, 1, 0, 1, 0, 1), ElementsAre(1, 0, 1, 0, 1, 0)));
}

TEST(Partition, WithoutAnyWorkCountsNodes) {
  const WeightedGraph g = chain({0, 0, 0, 0}, {5, 5, 5});
  EXPECT_THAT(segments_of(g, {0.25, 0.75}), ElementsAre(0, 1, 1, 1));
}

TEST(Partition, IntoAsManySegmentsAsNodesIsOneNodeEach) {
  EXPECT_THAT(segments_of(even_chain(5), {0.6, 0.1, 0.1, 0.1, 0.1}), ElementsAre(0, 1, 2, 3, 4));
}

TEST(Partition, RefusesMoreSegmentsThanNodes) {
  EXPECT_THAT(refusal(even_chain(3), {0.25, 0.25, 0.25, 0.25}), HasSubstr("cannot make 4 segments of a graph with 3 nodes"));
}

TEST(Partition, RefusesSharesThatCannotBe) {
  const double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  const WeightedGraph g = even_chain(4);
  EXPECT_THAT(refusal(g, {}), HasSubstr("at least two shares"));
  EXPECT_THAT(refusal(g, {1}), HasSubstr("at least two shares"));
  EXPECT_THAT(refusal(g, {0.5, 0.4}), HasSubstr("add up to 0.9"));
  EXPECT_THAT(refusal(g, {0.6, 0.5}), HasSubstr("add up to 1.1"));
  EXPECT_THAT(refusal(g, {1, 0}), HasSubstr("not positive"));
  EXPECT_THAT(refusal(g, {1.5, -0.5}), HasSubstr("not positive"));
  EXPECT_THAT(refusal(g, {0.5, nan}), HasSubstr("not positive"));
  EXPECT_THAT(refusal(g, {0.5, infinity}), HasSubstr("not positive"));
  EXPECT_TRUE(partition(g.graph, g.weights, {{0.333, 0.333, 0.333}}, 1));  // written with three digits
}

TEST(Partition, RefusesWeightsThatAreNotTheGraphs) {
  WeightedGraph g = even_chain(4);
  g.weights.of_node[2] = -1;
  EXPECT_THAT(refusal(g, {0.5, 0.5}), HasSubstr("node2"));
  g.weights.of_node.pop_back();
  EXPECT_THAT(refusal(g, {0.5, 0.5}), HasSubstr("one per node"));
  g = even_chain(4);
  g.weights.of_tensor.pop_back();
  EXPECT_THAT(refusal(g, {0.5, 0.5}), HasSubstr("one per tensor"));
}

std::vector<double> random_shares(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<double> shares;
  for (std::size_t i = 0; i < count; ++i) shares.push_back(std::exp(-static_cast<double>(random() % 6)));
  const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
  for (double& share : shares) share /= sum;
  return shares;
}

class RandomGraphs : public testing::TestWithParam<GraphShape> {};

TEST_P(RandomGraphs, GiveValidPartitionsTheSameEachTime) {
  for (unsigned seed = 0; seed < 12; ++seed) {
    const std::uint32_t nodes = seed < 9 ? 2 + seed : 10 * seed;
    const WeightedGraph g = random_graph(GetParam(), nodes, seed);
    for (const std::size_t segments : {2U, 3U, 7U}) {
      if (segments > nodes) continue;
      const Shares shares{random_shares(segments, seed)};
      const Result<Partition> found = partition(g.graph, g.weights, shares, seed);
      ASSERT_TRUE(found);
      EXPECT_EQ(found->segments, segments);
      EXPECT_TRUE(check(g.graph, *found)) << check(g.graph, *found).error().message;
      if (segments == 3) {
        EXPECT_EQ(*found, *partition(g.graph, g.weights, shares, seed));
      }
    }
  }
}

TEST_P(RandomGraphs, OfManyNodesAreBalanced) {
  const WeightedGraph g = random_graph(GetParam(), 1000, 1);
  for (const Shares& shares : {Shares{{0.8, 0.2}}, Shares{{0.1, 0.6, 0.3}}}) {
    const Result<Partition> found = partition(g.graph, g.weights, shares, 1);
    ASSERT_TRUE(found);
    EXPECT_LE(quality_of(g.graph, g.weights, shares, *found).imbalance, 0.0501);
  }
}

// METIS reports trouble there, where a user of --json reads results.
TEST_P(RandomGraphs, PrintNothing) {
  testing::internal::CaptureStdout();
  for (unsigned seed = 0; seed < 5; ++seed) {
    const WeightedGraph g = random_graph(GetParam(), 8, seed);
    for (const std::size_t segments : {2U, 4U, 7U})
      EXPECT_TRUE(partition(g.graph, g.weights, {random_shares(segments, seed)}, seed));
  }
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
}

INSTANTIATE_TEST_SUITE_P(Shapes, RandomGraphs, testing::ValuesIn(kGraphShapes));

TEST(Partition, TakesGraphsWithoutEdgesAndExtremeWeights) {
  for (const double heaviest : {1.0, 1e308, 5e-324}) {
    const WeightedGraph g = weighted_graph({heaviest, 0, heaviest, 0, heaviest}, {});
    const Result<Partition> found = partition(g.graph, g.weights, {{1 - 1e-9, 1e-9}}, 1);
    ASSERT_TRUE(found);
    EXPECT_TRUE(check(g.graph, *found));
  }
  const WeightedGraph g = weighted_graph({1, 1, 1}, {{0, {1, 2}, std::numeric_limits<std::uint64_t>::max()}, {1, {2}, 0}});
  EXPECT_TRUE(partition(g.graph, g.weights, Shares::even(2), 1));
}

TEST(CutQuality, CountsWorkBytesAndImbalance) {
  const WeightedGraph g = weighted_graph({1, 2, 3, 4}, {{0, {1, 2, 3}, 100}, {1, {3}, 10}, {2, {3}, 1}});
  const Partition cut{3, {SegmentId{0}, SegmentId{0}, SegmentId{1}, SegmentId{2}}};
  const CutQuality quality = quality_of(g.graph, g.weights, {{0.5, 0.25, 0.25}}, cut);
  EXPECT_THAT(quality.work, ElementsAre(DoubleNear(0.3, 1e-12), DoubleNear(0.3, 1e-12), DoubleNear(0.4, 1e-12)));
  EXPECT_NEAR(quality.imbalance, 0.6, 1e-12);
  EXPECT_EQ(quality.cut, Bytes{100 + 100 + 10 + 1});  // the first tensor to both later segments
}

TEST(Check, NamesTheRuleThatIsBroken) {
  const Graph graph = even_chain(3).graph;
  const auto complaint = [&](std::size_t segments, std::vector<SegmentId> of_node) {
    return check(graph, {segments, std::move(of_node)}).error().message;
  };
  const SegmentId first{0}, second{1}, third{2};
  EXPECT_TRUE(check(graph, {2, {first, first, second}}));
  EXPECT_THAT(complaint(2, {first, second}), HasSubstr("has 2 nodes, the graph 3"));
  EXPECT_THAT(complaint(2, {first, second, third}), HasSubstr("node2 is in segment 2"));
  EXPECT_THAT(complaint(3, {first, second, second}), HasSubstr("segment 2 is empty"));
  EXPECT_THAT(complaint(2, {first, second, first}), HasSubstr("from1 goes from segment 1 back to segment 0"));
}

}  // namespace
}  // namespace staronnx
