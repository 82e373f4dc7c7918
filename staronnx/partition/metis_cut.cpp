#include "staronnx/partition/metis_cut.h"

#include <metis.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <type_traits>

namespace staronnx {
namespace {

static_assert(std::is_same_v<idx_t, std::int32_t> && std::is_same_v<real_t, float>, "METIS with 32-bit numbers is expected");

constexpr double kWholeWork = 1 << 24;   // METIS compares sums of work as floats, exact up to here
constexpr double kWholeBytes = 1 << 29;  // both directions, and 1 more for each edge, stay under 2^31
constexpr idx_t kUfactor = 50;           // 5 % imbalance allowed, as in Problem::slack

struct Edge {
  std::uint32_t low, high;
  double bytes;
};

// One edge for each pair of neighbours.
std::vector<Edge> undirected(const Problem& problem) {
  std::vector<Edge> edges;
  for (const CutTensor& tensor : problem.tensors) {
    std::uint32_t previous = tensor.producer;
    for (const std::uint32_t consumer : tensor.consumers) {
      edges.push_back({previous, consumer, static_cast<double>(tensor.bytes)});
      previous = consumer;
    }
  }
  const auto ends = [](const Edge& e) { return std::pair(e.low, e.high); };
  std::stable_sort(edges.begin(), edges.end(), [&](const Edge& a, const Edge& b) { return ends(a) < ends(b); });
  std::vector<Edge> merged;
  for (const Edge& edge : edges) {
    if (merged.empty() || ends(merged.back()) != ends(edge)) {
      merged.push_back(edge);
    } else {
      merged.back().bytes += edge.bytes;
    }
  }
  return merged;
}

std::vector<idx_t> node_weights(std::span<const std::int64_t> work) {
  const std::int64_t whole = std::accumulate(work.begin(), work.end(), std::int64_t{0});
  if (whole == 0) return std::vector<idx_t>(work.size(), 1);
  std::vector<idx_t> weights;
  for (const std::int64_t w : work) {
    weights.push_back(static_cast<idx_t>(std::lround(static_cast<double>(w) * (kWholeWork / static_cast<double>(whole)))));
  }
  return weights;
}

}  // namespace

MetisGraph::MetisGraph(const Problem& problem) : begin_(problem.nodes() + 1), node_weight_(node_weights(problem.work)) {
  const std::vector<Edge> edges = undirected(problem);
  double whole = 0;
  for (const Edge& edge : edges) {
    ++begin_[edge.low + 1];
    ++begin_[edge.high + 1];
    whole += edge.bytes;
  }
  std::partial_sum(begin_.begin(), begin_.end(), begin_.begin());
  const double scale = std::min(1.0, kWholeBytes / std::max(whole, 1.0));
  neighbour_.resize(2 * edges.size());
  edge_weight_.resize(2 * edges.size());
  std::vector<std::int32_t> next(begin_.begin(), begin_.end() - 1);
  const auto add = [&](std::uint32_t from, std::uint32_t to, double bytes) {
    edge_weight_[next[from]] = 1 + static_cast<std::int32_t>(bytes * scale);  // METIS refuses 0
    neighbour_[next[from]++] = static_cast<std::int32_t>(to);
  };
  for (const Edge& edge : edges) {
    add(edge.low, edge.high, edge.bytes);
    add(edge.high, edge.low, edge.bytes);
  }
}

Segments MetisGraph::bisect(double share, MetisMethod method, unsigned seed) const {
  std::array<idx_t, METIS_NOPTIONS> options{};
  METIS_SetDefaultOptions(options.data());
  options[METIS_OPTION_SEED] = static_cast<idx_t>(seed & 0x7fffffff);
  options[METIS_OPTION_UFACTOR] = kUfactor;
  // METIS does not write through these pointers, but its interface does not say so: it gets copies.
  std::vector<idx_t> begin = begin_, neighbour = neighbour_, edge_weight = edge_weight_, node_weight = node_weight_;
  std::array<real_t, 2> shares = {static_cast<real_t>(share), static_cast<real_t>(1 - share)};
  auto nodes = static_cast<idx_t>(node_weight.size());
  idx_t constraints = 1, parts = 2, edges_cut = 0;
  std::vector<idx_t> part(node_weight.size());
  const auto run = method == MetisMethod::kway ? METIS_PartGraphKway : METIS_PartGraphRecursive;
  run(&nodes, &constraints, begin.data(), neighbour.data(), node_weight.data(), nullptr, edge_weight.data(), &parts,
      shares.data(), nullptr, options.data(), &edges_cut, part.data());
  return Segments(part.begin(), part.end());  // all 0 when METIS refuses
}

}  // namespace staronnx
