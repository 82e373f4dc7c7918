#include "staronnx/base/topological_order.h"

#include <gmock/gmock.h>

namespace staronnx {
namespace {

using testing::ElementsAre;

TEST(TopologicalOrder, TakesTheLowestNodeThatIsPossible) {
  EXPECT_THAT(topological_order({{2}, {2}, {}}), ElementsAre(0, 1, 2));
  EXPECT_THAT(topological_order({{}, {0}, {1}}), ElementsAre(2, 1, 0));
}

TEST(TopologicalOrder, CountsEachEdgeOfTwoNodes) {
  EXPECT_THAT(topological_order({{}, {0, 0}, {0}}), ElementsAre(1, 2, 0));
}

TEST(TopologicalOrder, LeavesOutWhatACycleHoldsUp) {
  EXPECT_THAT(topological_order({{1, 3}, {2}, {1, 4}, {}, {}}), ElementsAre(0, 3));
}

}  // namespace
}  // namespace staronnx
