#include "staronnx/schedule/place.h"

#include <algorithm>

namespace staronnx {
namespace {

Place place_of(std::span<const CoreGroup> groups, std::size_t first, std::size_t count, std::size_t first_worker) {
  Place place{{{}, groups[first].numa_node}, {}};
  for (std::size_t group = first; group < first + count; ++group) {
    place.workers.push_back(first_worker + group);
    place.group.cores.insert(place.group.cores.end(), groups[group].cores.begin(), groups[group].cores.end());
  }
  return place;
}

}  // namespace

std::string Place::name() const {
  if (gpu) return "gpu " + std::to_string(*gpu);
  return node.empty() ? group.name() : "node " + node + ", " + group.name();
}

std::vector<Place> places_of(std::span<const CoreGroup> groups, bool elastic, std::size_t first_worker) {
  std::vector<Place> places;
  for (std::size_t group = 0; group < groups.size(); ++group) places.push_back(place_of(groups, group, 1, first_worker));
  for (std::size_t begin = 0, end = 0; elastic && begin < groups.size(); begin = end) {
    while (end < groups.size() && groups[end].numa_node == groups[begin].numa_node) ++end;
    const std::size_t node = end - begin;
    for (std::size_t count = 2; count < node; count *= 2) {
      for (std::size_t first = begin; first + count <= end; first += count)
        places.push_back(place_of(groups, first, count, first_worker));
    }
    if (node > 1) places.push_back(place_of(groups, begin, node, first_worker));
  }
  return places;
}

}  // namespace staronnx
