#include "staronnx/schedule/place.h"

#include <gmock/gmock.h>

namespace staronnx {
namespace {

using ::testing::ElementsAre;

std::vector<CoreGroup> cores(const std::vector<int>& numa_nodes) {
  std::vector<CoreGroup> groups;
  for (std::size_t core = 0; core < numa_nodes.size(); ++core) groups.push_back({{static_cast<int>(core)}, numa_nodes[core]});
  return groups;
}

std::vector<std::vector<std::size_t>> workers_of(const std::vector<Place>& places) {
  std::vector<std::vector<std::size_t>> workers;
  for (const Place& place : places) workers.push_back(place.workers);
  return workers;
}

TEST(Places, FixedGroupsAreOneEach) {
  const std::vector<CoreGroup> groups = {{{0, 1}, 0}, {{2, 3}, 0}};
  const std::vector<Place> places = places_of(groups, false);
  EXPECT_EQ(places, (std::vector<Place>{{groups[0], {0}}, {groups[1], {1}}}));
}

TEST(Places, ElasticOnesAreNeighboursUpToAWholeNumaNode) {
  using Workers = std::vector<std::size_t>;
  EXPECT_THAT(workers_of(places_of(cores({0, 0}), true)), ElementsAre(Workers{0}, Workers{1}, Workers{0, 1}));
  EXPECT_THAT(
      workers_of(places_of(cores({0, 0, 0, 1, 1}), true)),
      ElementsAre(Workers{0}, Workers{1}, Workers{2}, Workers{3}, Workers{4}, Workers{0, 1}, Workers{0, 1, 2}, Workers{3, 4}));
  EXPECT_EQ(places_of(cores({0, 0, 0, 0}), true).back().group.cores, (std::vector<int>{0, 1, 2, 3}));
  EXPECT_THAT(workers_of(places_of(cores({0}), true)), ElementsAre(Workers{0}));
}

}  // namespace
}  // namespace staronnx
