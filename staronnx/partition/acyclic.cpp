#include "staronnx/partition/acyclic.h"

#include <algorithm>
#include <functional>
#include <numeric>

namespace staronnx {
namespace {

void pull_producers(const Problem& problem, Segments& segments) {
  for (std::size_t node = problem.nodes(); node-- > 0;) {
    for (const std::uint32_t tensor : problem.writes[node]) {
      for (const std::uint32_t consumer : problem.tensors[tensor].consumers) {
        segments[node] = std::min(segments[node], segments[consumer]);
      }
    }
  }
}

void push_consumers(const Problem& problem, Segments& segments) {
  for (std::size_t node = 0; node < problem.nodes(); ++node) {
    for (const std::uint32_t tensor : problem.reads[node]) {
      segments[node] = std::max(segments[node], segments[problem.tensors[tensor].producer]);
    }
  }
}

// Ordered by segment, then number, the nodes are in topological order: wherever that order is cut, no tensor goes backward. So a segment
// with too few nodes takes the nearest ones of its neighbours by moving its ends apart.
void fill(const Problem& problem, Segments& segments) {
  std::vector<std::size_t> end(problem.segments());
  for (const std::uint32_t s : segments) ++end[s];
  if (std::ranges::equal(end, problem.least, std::greater_equal())) return;
  std::partial_sum(end.begin(), end.end(), end.begin());
  for (std::size_t s = 0; s < end.size(); ++s) end[s] = std::max(end[s], (s == 0 ? 0 : end[s - 1]) + problem.least[s]);
  end.back() = problem.nodes();
  for (std::size_t s = end.size() - 1; s-- > 0;) end[s] = std::min(end[s], end[s + 1] - problem.least[s + 1]);

  std::vector<std::uint32_t> order(problem.nodes());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, {}, [&](std::uint32_t node) { return segments[node]; });
  std::uint32_t segment = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i == end[segment]) ++segment;
    segments[order[i]] = segment;
  }
}

}  // namespace

Segments make_acyclic(const Problem& problem, Segments segments, Repair repair) {
  repair == Repair::pull_producers ? pull_producers(problem, segments) : push_consumers(problem, segments);
  fill(problem, segments);
  return segments;
}

}  // namespace staronnx
