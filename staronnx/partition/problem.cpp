#include "staronnx/partition/problem.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>

namespace staronnx {
namespace {

constexpr double kWholeWork = 1LL << 40;
constexpr std::int64_t kMillion = 1'000'000;
constexpr std::int64_t kTolerance = kMillion / 20;    // 5 %
constexpr std::uint64_t kLargestTensor = 1ULL << 40;  // bytes; keeps sums far from overflow

std::vector<std::int64_t> scaled(std::span<const double> shares, double whole) {
  std::vector<std::int64_t> result;
  result.reserve(shares.size());
  for (const double share : shares) result.push_back(std::llround(share * whole));
  return result;
}

std::vector<std::int64_t> targets_of(const Shares& shares, std::span<const std::int64_t> work) {
  const auto whole = static_cast<double>(std::accumulate(work.begin(), work.end(), std::int64_t{0}));
  const double sum = std::accumulate(shares.of_work.begin(), shares.of_work.end(), 0.0);
  return scaled(shares.of_work, whole / sum);
}

std::vector<CutTensor> tensors_of(const Graph& graph, const Weights& weights) {
  std::vector<CutTensor> tensors;
  for (std::size_t t = 0; t < graph.tensors().size(); ++t) {
    const GraphTensor& tensor = graph.tensors()[t];
    tensors.push_back({static_cast<std::uint32_t>(index(tensor.producer)),
                       {},
                       static_cast<std::int64_t>(std::min(weights.of_tensor[t], kLargestTensor))});
    for (const NodeId consumer : tensor.consumers)
      tensors.back().consumers.push_back(static_cast<std::uint32_t>(index(consumer)));
  }
  return tensors;
}

// The number of each kept node among the kept ones; kGone for the others.
constexpr std::uint32_t kGone = 0xffffffff;
std::vector<std::uint32_t> new_numbers(std::span<const std::uint32_t> kept, std::size_t nodes) {
  std::vector<std::uint32_t> number(nodes, kGone);
  for (std::uint32_t i = 0; i < kept.size(); ++i) number[kept[i]] = i;
  return number;
}

Problem assemble(std::vector<std::int64_t> work, std::vector<std::int64_t> target, std::vector<CutTensor> tensors) {
  Problem problem;
  problem.slack.assign(target.size(), kTolerance);
  problem.least.assign(target.size(), 1);
  problem.reads.resize(work.size());
  problem.writes.resize(work.size());
  for (std::uint32_t t = 0; t < tensors.size(); ++t) {
    problem.writes[tensors[t].producer].push_back(t);
    for (const std::uint32_t consumer : tensors[t].consumers) problem.reads[consumer].push_back(t);
  }
  problem.work = std::move(work);
  problem.target = std::move(target);
  problem.tensors = std::move(tensors);
  return problem;
}

}  // namespace

std::vector<double> relative_work(std::span<const double> of_node) {
  std::vector<double> work(of_node.begin(), of_node.end());
  const double heaviest = work.empty() ? 0 : *std::max_element(work.begin(), work.end());
  for (double& w : work) w = heaviest > 0 ? w / heaviest : 1;  // first by the heaviest, so that the sum is finite
  const double whole = std::accumulate(work.begin(), work.end(), 0.0);
  for (double& w : work) w /= whole;
  return work;
}

Problem make_problem(const Graph& graph, const Weights& weights, const Shares& shares) {
  std::vector<std::int64_t> work = scaled(relative_work(weights.of_node), kWholeWork);
  std::vector<std::int64_t> target = targets_of(shares, work);
  return assemble(std::move(work), std::move(target), tensors_of(graph, weights));
}

Problem part_of(const Problem& problem, std::span<const std::uint32_t> nodes, std::span<const std::int64_t> target) {
  const std::vector<std::uint32_t> number = new_numbers(nodes, problem.nodes());
  std::vector<std::int64_t> work;
  std::vector<CutTensor> tensors;
  for (const std::uint32_t node : nodes) {
    work.push_back(problem.work[node]);
    for (const std::uint32_t t : problem.writes[node]) {
      CutTensor tensor{number[node], {}, problem.tensors[t].bytes};
      for (const std::uint32_t consumer : problem.tensors[t].consumers) {
        if (number[consumer] != kGone) tensor.consumers.push_back(number[consumer]);
      }
      if (!tensor.consumers.empty()) tensors.push_back(std::move(tensor));
    }
  }
  return assemble(std::move(work), {target.begin(), target.end()}, std::move(tensors));
}

std::vector<std::int64_t> loads_of(const Problem& problem, const Segments& segments) {
  std::vector<std::int64_t> load(problem.segments());
  for (std::size_t node = 0; node < problem.nodes(); ++node) load[segments[node]] += problem.work[node];
  return load;
}

std::int64_t deviation_of(const Problem& problem, std::size_t segment, std::int64_t work) {
  const std::int64_t target = problem.target[segment];
  return std::abs(work - target) * kMillion / std::max(target, kMillion);  // no overflow: both are at most about 2^40
}

Score score_of(const Problem& problem, const Segments& segments) {
  Score score;
  const std::vector<std::int64_t> load = loads_of(problem, segments);
  for (std::size_t s = 0; s < problem.segments(); ++s) {
    const std::int64_t deviation = deviation_of(problem, s, load[s]);
    score.deviation += deviation;
    score.excess += std::max<std::int64_t>(0, deviation - problem.slack[s]);
  }
  std::vector<std::uint32_t> receivers;
  for (const CutTensor& tensor : problem.tensors) {
    receivers.clear();
    for (const std::uint32_t consumer : tensor.consumers) receivers.push_back(segments[consumer]);
    std::sort(receivers.begin(), receivers.end());
    receivers.erase(std::unique(receivers.begin(), receivers.end()), receivers.end());
    const auto own = std::count(receivers.begin(), receivers.end(), segments[tensor.producer]);
    score.cut += tensor.bytes * (static_cast<std::int64_t>(receivers.size()) - own);
  }
  return score;
}

void relax(Problem& problem, const Segments& best_balanced) {
  const std::vector<std::int64_t> load = loads_of(problem, best_balanced);
  for (std::size_t s = 0; s < load.size(); ++s) problem.slack[s] += deviation_of(problem, s, load[s]);
}

Segments prefix_split(const Problem& problem, std::span<const std::uint32_t> order) {
  Segments segments(problem.nodes());
  std::size_t needed = std::accumulate(problem.least.begin(), problem.least.end(), std::size_t{0}) - problem.least[0];
  std::uint32_t segment = 0;
  std::size_t size = 0;
  std::int64_t done = 0, boundary = problem.target[0];
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::int64_t work = problem.work[order[i]];
    const bool last = segment + 1 == problem.segments();
    const bool passed = 2 * done + work > 2 * boundary;  // the node lies mostly beyond the boundary
    const bool all_needed = order.size() - i == needed;  // by later segments
    if (!last && ((passed && size >= problem.least[segment]) || all_needed)) {
      boundary += problem.target[++segment];
      needed -= problem.least[segment];
      size = 0;
    }
    segments[order[i]] = segment;
    ++size;
    done += work;
  }
  return segments;
}

}  // namespace staronnx
