#include "staronnx/partition/bisection.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <optional>

#include "staronnx/partition/acyclic.h"
#include "staronnx/partition/order.h"
#include "staronnx/partition/refine.h"

namespace staronnx {
namespace {

std::int64_t total(std::span<const std::int64_t> values) {
  return std::accumulate(values.begin(), values.end(), std::int64_t{0});
}

// The problem of separating the first `left` segments from the others.
Problem halves_of(const Problem& problem, std::size_t left) {
  const std::span<const std::int64_t> target = problem.target;
  Problem halves = part_of(problem, given_order(problem), std::array{total(target.first(left)), total(target.subspan(left))});
  halves.least = {left, problem.segments() - left};
  return halves;
}

// Whether part 0 lies behind part 1 along the graph: by the mean number of their nodes.
bool is_backward(const Segments& parts) {
  double sum[2] = {0, 0}, count[2] = {0, 0};
  for (std::size_t node = 0; node < parts.size(); ++node) {
    sum[parts[node]] += static_cast<double>(node);
    ++count[parts[node]];
  }
  return count[0] > 0 && count[1] > 0 && sum[0] / count[0] > sum[1] / count[1];
}

// METIS' parts in the order in which they lie. Where the part that was to come first lies last, METIS is asked once more with the shares
// exchanged, and both answers count.
std::vector<Segments> metis_parts(const Problem& halves, MetisMethod method, unsigned seed) {
  const MetisGraph graph(halves);
  const double share =
      static_cast<double>(halves.target[0]) / static_cast<double>(std::max<std::int64_t>(1, total(halves.target)));
  std::vector<Segments> result{graph.bisect(share, method, seed)};
  if (is_backward(result[0])) result.push_back(graph.bisect(1 - share, method, seed));
  for (Segments& parts : result) {
    if (!is_backward(parts)) continue;
    for (std::uint32_t& part : parts) part = 1 - part;
  }
  return result;
}

Segments best_halves(const Problem& halves, MetisMethod method, unsigned seed) {
  std::optional<std::pair<Score, Segments>> best;
  for (const Segments& parts : metis_parts(halves, method, seed)) {
    for (const Repair repair : {Repair::pull_producers, Repair::push_consumers}) {
      Segments segments = refine(halves, make_acyclic(halves, parts, repair));
      std::pair candidate(score_of(halves, segments), std::move(segments));
      if (!best || candidate < *best) best = std::move(candidate);
    }
  }
  return std::move(best->second);
}

}  // namespace

Segments bisect(const Problem& problem, MetisMethod method, unsigned seed) {
  if (problem.segments() == 1) return Segments(problem.nodes(), 0);
  if (problem.segments() == problem.nodes()) return given_order(problem);  // a node each
  const std::size_t left = problem.segments() / 2;
  const std::span<const std::int64_t> target = problem.target;
  std::vector<std::uint32_t> nodes[2];
  const Segments half = best_halves(halves_of(problem, left), method, seed);
  for (std::uint32_t node = 0; node < half.size(); ++node) nodes[half[node]].push_back(node);

  Segments segments(problem.nodes());
  const auto fill_in = [&](const std::vector<std::uint32_t>& members, const Segments& found, std::size_t first) {
    for (std::size_t i = 0; i < members.size(); ++i) segments[members[i]] = found[i] + static_cast<std::uint32_t>(first);
  };
  fill_in(nodes[0], bisect(part_of(problem, nodes[0], target.first(left)), method, seed), 0);
  fill_in(nodes[1], bisect(part_of(problem, nodes[1], target.subspan(left)), method, seed), left);
  return segments;
}

}  // namespace staronnx
