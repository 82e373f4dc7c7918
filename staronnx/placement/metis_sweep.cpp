#include "staronnx/placement/metis_sweep.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "staronnx/partition/bisection.h"
#include "staronnx/placement/improve.h"
#include "staronnx/placement/order_search.h"

namespace staronnx {
namespace {

constexpr double kImpossible = std::numeric_limits<double>::infinity();

// Bisections of all attempts together handle about this many nodes, of which METIS takes about 2 us each: 5,000 nodes take a second.
constexpr std::size_t kNodesInAll = 200'000;
constexpr std::size_t kMostAttempts = 400;

// Classes along the graph: each way to use `least` to `most` processors.
class Sequences {
 public:
  Sequences(const PlacementProblem& problem, const SegmentLimits& segments) : segments_(segments) {
    for (const DeviceClass& one : problem.classes) free_.push_back(one.count);
    extend();
    // Those that use most processors are most likely to be best.
    std::stable_sort(found_.begin(), found_.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
  }

  const std::vector<std::vector<std::uint32_t>>& found() const { return found_; }

 private:
  static constexpr std::size_t kMost = 64;

  void extend() {
    if (found_.size() >= kMost) return;
    if (sequence_.size() >= segments_.least && !sequence_.empty()) found_.push_back(sequence_);
    if (sequence_.size() == segments_.most) return;
    for (std::uint32_t c = 0; c < free_.size(); ++c) {
      if (free_[c] == 0) continue;
      --free_[c];
      sequence_.push_back(c);
      extend();
      sequence_.pop_back();
      ++free_[c];
    }
  }

  const SegmentLimits& segments_;
  std::vector<std::size_t> free_;
  std::vector<std::uint32_t> sequence_;
  std::vector<std::vector<std::uint32_t>> found_;
};

// Each class's speed over the fastest one's, by the time of the whole graph.
std::vector<double> speeds_of(const PlacementProblem& problem) {
  std::vector<double> speeds;
  for (const DeviceClass& one : problem.classes) {
    double time = 0;
    for (const double t : one.time) time += std::isfinite(t) ? t : 0;
    speeds.push_back(time > 0 ? 1 / time : 1);
  }
  const double fastest = *std::max_element(speeds.begin(), speeds.end());
  for (double& speed : speeds) speed /= fastest;
  return speeds;
}

struct Attempt {
  std::vector<std::uint32_t> of_class;
  double slow_factor = 1;  // on the targets of classes slower than the fastest
  MetisMethod method = MetisMethod::kway;
  unsigned seed = 0;
};

std::vector<Attempt> attempts_for(const PlacementProblem& problem, const SegmentLimits& segments, unsigned seed) {
  constexpr double kFactors[] = {1, 0.9, 0.75, 0.5, 1.1, 0.25};
  const std::size_t most = std::clamp<std::size_t>(kNodesInAll / problem.nodes(), 4, kMostAttempts);
  const Sequences sequences(problem, segments);
  std::vector<Attempt> attempts;
  for (unsigned round = 0; round < 3; ++round) {
    for (const double factor : kFactors) {
      for (const MetisMethod method : {MetisMethod::kway, MetisMethod::recursive}) {
        for (const std::vector<std::uint32_t>& of_class : sequences.found()) {
          if (attempts.size() == most) return attempts;
          if (of_class.size() == 1 && attempts.size() >= sequences.found().size()) continue;  // the whole graph: once is enough
          if (of_class.size() <= problem.nodes()) attempts.push_back({of_class, factor, method, seed + round});
        }
      }
    }
  }
  return attempts;
}

Graph unlabelled_graph(const PlacementProblem& problem) {
  std::vector<GraphNode> nodes;
  for (std::uint32_t node = 0; node < problem.nodes(); ++node) nodes.push_back({"", {NodeId{node}}});
  std::vector<GraphTensor> tensors;
  for (const PlacementTensor& tensor : problem.tensors) {
    tensors.push_back({"", NodeId{tensor.producer}, {}});
    for (const std::uint32_t consumer : tensor.consumers) tensors.back().consumers.push_back(NodeId{consumer});
  }
  return *Graph::create(std::move(nodes), std::move(tensors));
}

// Work as on the fastest class that runs the node, cost of a cut as whole numbers.
Weights weights_of(const PlacementProblem& problem, const std::vector<double>& speeds) {
  Weights weights{std::vector<double>(problem.nodes(), kImpossible), {}};
  for (std::size_t c = 0; c < speeds.size(); ++c) {
    for (std::size_t node = 0; node < problem.nodes(); ++node) {
      weights.of_node[node] = std::min(weights.of_node[node], problem.classes[c].time[node] * speeds[c]);
    }
  }
  double largest = 0;
  for (const PlacementTensor& tensor : problem.tensors) largest = std::max(largest, tensor.transfer);
  for (const PlacementTensor& tensor : problem.tensors) {
    weights.of_tensor.push_back(largest > 0 ? static_cast<std::uint64_t>(std::llround(tensor.transfer / largest * 1e9)) : 0);
  }
  return weights;
}

Shares shares_of(const Attempt& attempt, const std::vector<double>& speeds) {
  Shares shares;
  for (const std::uint32_t c : attempt.of_class) shares.of_work.push_back(speeds[c] * (speeds[c] < 1 ? attempt.slow_factor : 1));
  const double sum = std::accumulate(shares.of_work.begin(), shares.of_work.end(), 0.0);
  for (double& share : shares.of_work) share /= sum;
  return shares;
}

// A topological order in which the segments of the cut lie one after the other.
std::vector<std::uint32_t> order_of(const Cut& cut) {
  std::vector<std::uint32_t> order(cut.segment.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return cut.segment[a] < cut.segment[b]; });
  return order;
}

// METIS aims at targets of work, which transfers upset: the segments' borders, and the classes, are chosen anew along the orders of the
// best cuts. (An operator graph of BERT on two accelerators: 16 % above the optimum without this, at the optimum with it.)
void cut_anew(const PlacementProblem& problem, const SegmentLimits& segments, const CutPool& found, const Deadline& deadline,
              CutPool& pool) {
  constexpr std::size_t kStepsInAll = 40'000'000, kMostOrders = 30, kMostEnds = 1'000;
  const std::size_t ends = std::max(std::min(problem.nodes(), kMostEnds), segments.least);
  std::set<Segments> seen;
  for (const auto& [worth, one, method] : found.found()) {
    if (seen.size() * ends * problem.nodes() >= kStepsInAll || seen.size() == kMostOrders || deadline.passed(Clock::now()))
      return;
    if (!seen.insert(one.segment).second) continue;
    std::optional<Cut> cut = best_intervals(problem, segments, order_of(one), ends, pool.limit());
    if (cut) pool.add(improve(problem, *cut), PlacementMethod::metis);
  }
}

}  // namespace

void add_metis_cuts(const PlacementProblem& problem, const SegmentLimits& segments, unsigned seed, const Deadline& deadline,
                    CutPool& pool) {
  const Graph graph = unlabelled_graph(problem);
  const std::vector<double> speeds = speeds_of(problem);
  const Weights weights = weights_of(problem, speeds);
  CutPool found(problem, kMostAttempts);
  for (const Attempt& attempt : attempts_for(problem, segments, seed)) {
    if (deadline.passed(Clock::now())) break;
    Segments cut = bisect(make_problem(graph, weights, shares_of(attempt, speeds)), attempt.method, attempt.seed);
    found.add(improve(problem, {std::move(cut), attempt.of_class}), PlacementMethod::metis);
  }
  for (const CutPool::Found& one : found.found()) pool.add(one.cut, one.method);
  cut_anew(problem, segments, found, deadline, pool);
}

}  // namespace staronnx
