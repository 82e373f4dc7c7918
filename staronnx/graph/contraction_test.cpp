#include "staronnx/graph/contraction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace staronnx {
namespace {

using testing::UnorderedElementsAre;

TEST(Contraction, JoinsTheLastPredecessorNotTheFirst) {
  Contraction groups({{1, 2}, {2}, {}});  // joining 2 to 0 would close a circle through 1
  ASSERT_TRUE(groups.join_last_predecessor(2));
  EXPECT_THAT(groups.members(1), UnorderedElementsAre(1, 2));
  EXPECT_EQ(groups.group_of(2), 1u);
  EXPECT_TRUE(groups.members(2).empty());
}

TEST(Contraction, JoinsTheFirstSuccessorNotTheLast) {
  Contraction groups({{1, 2}, {2}, {}});
  ASSERT_TRUE(groups.join_first_successor(0));
  EXPECT_THAT(groups.members(1), UnorderedElementsAre(0, 1));
}

TEST(Contraction, DoesNothingWithoutANeighbour) {
  Contraction groups({{1}, {}});
  EXPECT_FALSE(groups.join_last_predecessor(0));
  EXPECT_FALSE(groups.join_first_successor(1));
  ASSERT_TRUE(groups.join_first_successor(0));
  EXPECT_FALSE(groups.join_first_successor(1));
}

TEST(Contraction, EdgesAlwaysGoFromLowerToHigherGroups) {
  std::mt19937 random(5);
  for (int round = 0; round < 200; ++round) {
    const std::size_t count = 2 + random() % 30;
    Successors edges(count);
    for (std::size_t from = 0; from < count; ++from) {
      for (std::size_t to = from + 1; to < count; ++to) {
        if (random() % 5 == 0) edges[from].push_back(to);
      }
    }
    Contraction groups(edges);
    for (std::size_t joins = random() % (2 * count); joins > 0; --joins) {
      const std::size_t group = random() % count;
      random() % 2 == 0 ? groups.join_last_predecessor(group) : groups.join_first_successor(group);
    }
    for (std::size_t from = 0; from < count; ++from) {
      for (std::size_t to : edges[from]) EXPECT_LE(groups.group_of(from), groups.group_of(to));
    }
  }
}

}  // namespace
}  // namespace staronnx
