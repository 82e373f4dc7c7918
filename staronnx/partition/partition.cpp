#include "staronnx/partition/partition.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <string>

#include "staronnx/partition/bisection.h"
#include "staronnx/partition/order.h"
#include "staronnx/partition/problem.h"
#include "staronnx/partition/refine.h"

namespace staronnx {
namespace {

Error refused(std::string message) {
  return {ErrorCode::invalid_argument, std::move(message)};
}

bool usable(double weight) {
  return std::isfinite(weight) && weight >= 0;
}

Status check_shares(const Shares& shares, std::size_t nodes) {
  const std::vector<double>& of_work = shares.of_work;
  if (of_work.size() < 2) return refused("a split needs at least two shares; got " + std::to_string(of_work.size()));
  if (of_work.size() > nodes) {
    return refused("cannot make " + std::to_string(of_work.size()) + " segments of a graph with " + std::to_string(nodes) +
                   (nodes == 1 ? " node" : " nodes") + "; ask for fewer segments");
  }
  for (const double share : of_work) {
    if (!(std::isfinite(share) && share > 0)) {
      return refused("share " + std::to_string(share) + " is not positive; every segment needs a part of the work");
    }
  }
  const double sum = std::accumulate(of_work.begin(), of_work.end(), 0.0);
  if (std::abs(sum - 1) > 1e-3) return refused("the shares add up to " + std::to_string(sum) + "; they must add up to 1");
  return {};
}

Status check_weights(const Graph& graph, const Weights& weights) {
  if (weights.of_node.size() != graph.nodes().size())
    return refused("the weights are not those of the graph: one per node is needed");
  if (weights.of_tensor.size() != graph.tensors().size()) {
    return refused("the weights are not those of the graph: one per tensor is needed");
  }
  const auto bad = std::find_if_not(weights.of_node.begin(), weights.of_node.end(), usable);
  if (bad == weights.of_node.end()) return {};
  const GraphNode& node = graph.nodes()[static_cast<std::size_t>(bad - weights.of_node.begin())];
  return refused("node " + node.label + " has weight " + std::to_string(*bad) + "; weights are finite and not negative");
}

Partition to_partition(const Segments& segments, std::size_t count) {
  Partition result{count, {}};
  for (const std::uint32_t segment : segments) result.of_node.push_back(SegmentId{segment});
  return result;
}

// Small graphs are worth many attempts, and large ones cannot afford them: 50,000 nodes take about a second.
unsigned attempts_for(const Problem& problem) {
  constexpr std::size_t kBudget = 20'000;
  constexpr std::size_t kBisection = 50;  // costs about as much as this many nodes
  return static_cast<unsigned>(std::clamp<std::size_t>(kBudget / (problem.nodes() + kBisection * problem.segments()), 1, 10));
}

// Valid segments to choose from, each once.
std::vector<Segments> candidates_for(const Problem& problem, unsigned seed) {
  std::set<Segments> candidates{prefix_split(problem, given_order(problem))};
  for (unsigned i = 0; i < attempts_for(problem); ++i) {
    const unsigned attempt = seed + i;
    candidates.insert(bisect(problem, MetisMethod::kway, attempt));
    candidates.insert(bisect(problem, MetisMethod::recursive, attempt));
    candidates.insert(prefix_split(problem, random_order(problem, 2 * attempt)));
    candidates.insert(prefix_split(problem, random_order(problem, 2 * attempt + 1)));
  }
  return {candidates.begin(), candidates.end()};
}

// The best of the candidates, each refined in place.
const Segments& best_refined(const Problem& problem, std::vector<Segments>& candidates) {
  for (Segments& candidate : candidates) candidate = refine(problem, std::move(candidate));
  const auto worth = [&](const Segments& candidate) { return score_of(problem, candidate); };
  return *std::ranges::min_element(candidates, {}, worth);
}

Segments best_segments(Problem problem, unsigned seed) {
  std::vector<Segments> candidates = candidates_for(problem, seed);
  const Segments& best = best_refined(problem, candidates);
  if (score_of(problem, best).excess == 0) return best;
  relax(problem, best);
  return best_refined(problem, candidates);
}

}  // namespace

Result<Partition> partition(const Graph& graph, const Weights& weights, const Shares& shares, unsigned seed) {
  if (const Status wrong = check_shares(shares, graph.nodes().size()); !wrong) return wrong.error();
  if (const Status wrong = check_weights(graph, weights); !wrong) return wrong.error();
  return to_partition(best_segments(make_problem(graph, weights, shares), seed), shares.of_work.size());
}

CutQuality quality_of(const Graph& graph, const Weights& weights, const Shares& shares, const Partition& partition) {
  CutQuality quality;
  quality.work.resize(partition.segments);
  const std::vector<double> work = relative_work(weights.of_node);
  for (std::size_t node = 0; node < work.size(); ++node) quality.work[index(partition.of_node[node])] += work[node];
  for (std::size_t s = 0; s < partition.segments; ++s) {
    quality.imbalance = std::max(quality.imbalance, quality.work[s] / shares.of_work[s] - 1);
  }
  for (std::size_t t = 0; t < weights.of_tensor.size(); ++t) {
    const GraphTensor& tensor = graph.tensors()[t];
    std::set<SegmentId> receivers;
    for (const NodeId consumer : tensor.consumers) receivers.insert(partition.of_node[index(consumer)]);
    receivers.erase(partition.of_node[index(tensor.producer)]);
    quality.cut += Bytes{weights.of_tensor[t] * receivers.size()};
  }
  return quality;
}

Status check(const Graph& graph, const Partition& partition) {
  if (partition.of_node.size() != graph.nodes().size()) {
    return refused("the partition has " + std::to_string(partition.of_node.size()) + " nodes, the graph " +
                   std::to_string(graph.nodes().size()));
  }
  std::vector<bool> used(partition.segments);
  for (std::size_t node = 0; node < partition.of_node.size(); ++node) {
    const std::size_t segment = index(partition.of_node[node]);
    if (segment >= partition.segments) {
      return refused("node " + graph.nodes()[node].label + " is in segment " + std::to_string(segment) + ", but there are only " +
                     std::to_string(partition.segments));
    }
    used[segment] = true;
  }
  const auto empty = std::find(used.begin(), used.end(), false);
  if (empty != used.end()) return refused("segment " + std::to_string(empty - used.begin()) + " is empty");
  for (const GraphTensor& tensor : graph.tensors()) {
    for (const NodeId consumer : tensor.consumers) {
      if (partition.of_node[index(consumer)] < partition.of_node[index(tensor.producer)]) {
        return refused("tensor " + tensor.name + " goes from segment " +
                       std::to_string(index(partition.of_node[index(tensor.producer)])) + " back to segment " +
                       std::to_string(index(partition.of_node[index(consumer)])));
      }
    }
  }
  return {};
}

}  // namespace staronnx
