#include "staronnx/schedule/place.h"

#include <algorithm>

namespace staronnx {
namespace {

Place place_of(std::span<const CoreGroup> groups, std::size_t first, std::size_t count) {
  Place place{{{}, groups[first].numa_node}, {}};
  for (std::size_t worker = first; worker < first + count; ++worker) {
    place.workers.push_back(worker);
    place.group.cores.insert(place.group.cores.end(), groups[worker].cores.begin(), groups[worker].cores.end());
  }
  return place;
}

}  // namespace

std::vector<Place> places_of(std::span<const CoreGroup> groups, bool elastic) {
  std::vector<Place> places;
  for (std::size_t worker = 0; worker < groups.size(); ++worker) places.push_back(place_of(groups, worker, 1));
  for (std::size_t begin = 0, end = 0; elastic && begin < groups.size(); begin = end) {
    while (end < groups.size() && groups[end].numa_node == groups[begin].numa_node) ++end;
    const std::size_t node = end - begin;
    for (std::size_t count = 2; count < node; count *= 2) {
      for (std::size_t first = begin; first + count <= end; first += count) places.push_back(place_of(groups, first, count));
    }
    if (node > 1) places.push_back(place_of(groups, begin, node));
  }
  return places;
}

}  // namespace staronnx
