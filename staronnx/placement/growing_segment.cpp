#include "staronnx/placement/growing_segment.h"

#include <algorithm>

namespace staronnx {

GrowingSegment::GrowingSegment(const PlacementProblem& problem)
    : problem_(problem), adjacency_(problem), place_(problem.nodes(), Place::later), consumed_(problem.tensors.size(), 0) {}

void GrowingSegment::begin(std::span<const std::uint32_t> before) {
  std::fill(place_.begin(), place_.end(), Place::later);
  std::fill(consumed_.begin(), consumed_.end(), 0U);
  for (const std::uint32_t node : before) place_[node] = Place::before;
  loads_ = {};
}

void GrowingSegment::move_before(std::uint32_t node) {
  place_[node] = Place::before;
}

void GrowingSegment::add(std::uint32_t node) {
  for (std::size_t c = 0; c < problem_.classes.size(); ++c) loads_.compute[c] += problem_.classes[c].time[node];
  for (const std::uint32_t t : adjacency_.writes[node]) loads_.out += problem_.tensors[t].transfer;
  for (const std::uint32_t t : adjacency_.reads[node]) {
    const PlacementTensor& tensor = problem_.tensors[t];
    const std::uint32_t consumed = ++consumed_[t];
    if (place_[tensor.producer] == Place::inside) {
      if (consumed == tensor.consumers.size()) loads_.out -= tensor.transfer;
    } else if (consumed == 1) {
      loads_.in += tensor.transfer;
    }
  }
  place_[node] = Place::inside;
}

void GrowingSegment::remove(std::uint32_t node, const Loads& as_before) {
  for (const std::uint32_t t : adjacency_.reads[node]) --consumed_[t];
  place_[node] = Place::later;
  loads_ = as_before;
}

double GrowingSegment::busy(std::size_t processor_class) const {
  return busy_time(problem_, processor_class, {loads_.compute[processor_class], loads_.in, loads_.out});
}

double GrowingSegment::least_compute() const {
  return *std::min_element(loads_.compute.begin(), loads_.compute.begin() + static_cast<std::ptrdiff_t>(problem_.classes.size()));
}

}  // namespace staronnx
