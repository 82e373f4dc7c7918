#include "staronnx/partition/acyclic.h"

#include <gmock/gmock.h>

#include "staronnx/partition/graph_for_test.h"

namespace staronnx {
namespace {

using testing::ElementsAre;

Problem chain_problem(std::size_t nodes, std::size_t segments) {
  const WeightedGraph c = chain(std::vector<double>(nodes, 1), std::vector<std::uint64_t>(nodes - 1, 1));
  return make_problem(c.graph, c.weights, Shares::even(segments));
}

TEST(MakeAcyclic, PullsWhatAnEarlierSegmentNeeds) {
  EXPECT_THAT(make_acyclic(chain_problem(5, 2), {0, 1, 0, 1, 1}, Repair::pull_producers), ElementsAre(0, 0, 0, 1, 1));
}

TEST(MakeAcyclic, PushesWhatNeedsALaterSegment) {
  EXPECT_THAT(make_acyclic(chain_problem(5, 2), {0, 1, 0, 1, 1}, Repair::push_consumers), ElementsAre(0, 1, 1, 1, 1));
}

TEST(MakeAcyclic, LeavesValidSegmentsAlone) {
  for (const Repair repair : {Repair::pull_producers, Repair::push_consumers}) {
    EXPECT_THAT(make_acyclic(chain_problem(4, 3), {0, 1, 1, 2}, repair), ElementsAre(0, 1, 1, 2));
  }
}

TEST(MakeAcyclic, GivesEmptySegmentsTheNodesNearestToThem) {
  EXPECT_THAT(make_acyclic(chain_problem(4, 3), {0, 0, 0, 0}, Repair::pull_producers), ElementsAre(0, 0, 1, 2));
  EXPECT_THAT(make_acyclic(chain_problem(4, 3), {2, 2, 2, 2}, Repair::pull_producers), ElementsAre(0, 1, 2, 2));
  EXPECT_THAT(make_acyclic(chain_problem(4, 4), {0, 0, 3, 3}, Repair::push_consumers), ElementsAre(0, 1, 2, 3));
}

}  // namespace
}  // namespace staronnx
