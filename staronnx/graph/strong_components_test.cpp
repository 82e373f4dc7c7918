#include "staronnx/graph/strong_components.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace staronnx {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(StrongComponents, OfAnAcyclicGraphAreItsNodes) {
  EXPECT_THAT(strong_components({{1, 2}, {2}, {}}), ElementsAre(0, 1, 2));
  EXPECT_THAT(strong_components({}), IsEmpty());
}

TEST(StrongComponents, JoinWhatReachesEachOther) {
  // 0 -> 1 -> 2 -> 1, 2 -> 3, 4 -> 5 -> 4
  EXPECT_THAT(strong_components({{1}, {2}, {1, 3}, {}, {5}, {4}}), ElementsAre(0, 1, 1, 2, 3, 3));
}

// Against the definition: i and j are in one component when each reaches the other.
TEST(StrongComponents, FitTheDefinitionOnRandomGraphs) {
  std::mt19937 random(3);
  for (int round = 0; round < 100; ++round) {
    const std::size_t count = 1 + random() % 12;
    Successors edges(count);
    std::vector<std::vector<bool>> reaches(count, std::vector<bool>(count));
    for (std::size_t i = 0; i < count; ++i) reaches[i][i] = true;
    for (std::size_t edge = 0; edge < count + count / 2; ++edge) {
      const std::size_t from = random() % count;
      const std::size_t to = random() % count;
      edges[from].push_back(to);
      reaches[from][to] = true;
    }
    for (std::size_t k = 0; k < count; ++k) {
      for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t j = 0; j < count; ++j) reaches[i][j] = reaches[i][j] || (reaches[i][k] && reaches[k][j]);
      }
    }
    const std::vector<std::size_t> components = strong_components(edges);
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t j = 0; j < count; ++j) EXPECT_EQ(components[i] == components[j], reaches[i][j] && reaches[j][i]);
    }
  }
}

TEST(StrongComponents, ManageALongChain) {
  Successors chain(200000);
  for (std::size_t i = 0; i + 1 < chain.size(); ++i) chain[i].push_back(i + 1);
  chain.back().push_back(0);
  EXPECT_EQ(strong_components(chain).back(), 0u);
}

}  // namespace
}  // namespace staronnx
