#include "staronnx/placement/best_set.h"

#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/boykov_kolmogorov_max_flow.hpp>
#include <cmath>
#include <utility>

namespace staronnx {
namespace {

using Traits = boost::adjacency_list_traits<boost::vecS, boost::vecS, boost::directedS>;
using Vertex = boost::property<
    boost::vertex_predecessor_t, Traits::edge_descriptor,
    boost::property<boost::vertex_color_t, boost::default_color_type, boost::property<boost::vertex_distance_t, long>>>;
using Edge = boost::property<boost::edge_capacity_t, std::int64_t,
                             boost::property<boost::edge_residual_capacity_t, std::int64_t,
                                             boost::property<boost::edge_reverse_t, Traits::edge_descriptor>>>;
using FlowGraph = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS, Vertex, Edge>;

constexpr double kWhole = 1LL << 50;
constexpr std::int64_t kForbidden = 1LL << 52;  // more than any sum of others

// The nodes on the source's side of the minimum cut are the set.
class SetCut {
 public:
  SetCut(const PlacementProblem& problem, double sum)
      : graph_(problem.nodes() + 2 * problem.tensors.size() + 2),
        source_(boost::num_vertices(graph_) - 2),
        sink_(source_ + 1),
        scale_(sum > 0 ? kWhole / sum : 0) {}

  void earn(std::size_t node, double profit) {
    if (profit > 0) connect(source_, node, scaled(profit));
    if (profit < 0) connect(node, sink_, scaled(-profit));
  }

  void forbid(std::size_t node) { connect(node, sink_, kForbidden); }

  // Costs `price` when `node` is inside and any of `others` is not; with `mirrored`, when any of them is inside and `node` is not.
  void pay(std::size_t through, std::uint32_t node, const std::vector<std::uint32_t>& others, double price, bool mirrored) {
    if (price <= 0) return;
    const auto directed = [&](std::size_t from, std::size_t to, std::int64_t capacity) {
      mirrored ? connect(to, from, capacity) : connect(from, to, capacity);
    };
    directed(node, through, scaled(price));
    for (const std::uint32_t other : others) directed(through, other, kForbidden);
  }

  std::vector<std::uint32_t> inside(std::size_t nodes) {
    boost::boykov_kolmogorov_max_flow(graph_, source_, sink_);
    const auto color = boost::get(boost::vertex_color, graph_);
    std::vector<std::uint32_t> result;
    for (std::uint32_t node = 0; node < nodes; ++node) {
      if (color[node] == color[source_]) result.push_back(node);
    }
    return result;
  }

 private:
  std::int64_t scaled(double value) const { return std::llround(value * scale_); }

  void connect(std::size_t from, std::size_t to, std::int64_t capacity) {
    const auto forward = boost::add_edge(from, to, graph_).first, backward = boost::add_edge(to, from, graph_).first;
    const auto capacities = boost::get(boost::edge_capacity, graph_);
    const auto reverse = boost::get(boost::edge_reverse, graph_);
    capacities[forward] = capacity;
    capacities[backward] = 0;
    reverse[forward] = backward;
    reverse[backward] = forward;
  }

  FlowGraph graph_;
  std::size_t source_, sink_;
  double scale_;
};

}  // namespace

SegmentLoad load_of(const PlacementProblem& problem, std::size_t processor_class, const std::vector<std::uint32_t>& nodes) {
  std::vector<bool> inside(problem.nodes(), false);
  SegmentLoad load;
  for (const std::uint32_t node : nodes) {
    inside[node] = true;
    load.compute += problem.classes[processor_class].time[node];
  }
  for (const PlacementTensor& tensor : problem.tensors) {
    std::size_t readers = 0;
    for (const std::uint32_t consumer : tensor.consumers) readers += inside[consumer] ? 1 : 0;
    if (inside[tensor.producer] && readers < tensor.consumers.size()) load.out += tensor.transfer;
    if (!inside[tensor.producer] && readers > 0) load.in += tensor.transfer;
  }
  return load;
}

PricedSet best_set(const PlacementProblem& problem, std::size_t processor_class, const std::vector<double>& earned_by_node,
                   const TimePrices& prices) {
  const std::vector<double>& time = problem.classes[processor_class].time;
  double sum = 0;
  for (std::size_t node = 0; node < time.size(); ++node) {
    if (std::isfinite(time[node])) sum += std::abs(earned_by_node[node] - prices.compute * time[node]);
  }
  for (const PlacementTensor& tensor : problem.tensors) sum += tensor.transfer * (prices.in + prices.out);

  SetCut cut(problem, sum);
  for (std::size_t node = 0; node < time.size(); ++node) {
    std::isfinite(time[node]) ? cut.earn(node, earned_by_node[node] - prices.compute * time[node]) : cut.forbid(node);
  }
  for (std::size_t t = 0; t < problem.tensors.size(); ++t) {
    const PlacementTensor& tensor = problem.tensors[t];
    const std::size_t vertex = problem.nodes() + 2 * t;
    cut.pay(vertex, tensor.producer, tensor.consumers, tensor.transfer * prices.out, false);
    cut.pay(vertex + 1, tensor.producer, tensor.consumers, tensor.transfer * prices.in, true);
  }
  PricedSet result{0, cut.inside(problem.nodes())};
  const SegmentLoad load = load_of(problem, processor_class, result.nodes);
  for (const std::uint32_t node : result.nodes) result.profit += earned_by_node[node];
  result.profit -= prices.compute * load.compute + prices.in * load.in + prices.out * load.out;
  return result;
}

}  // namespace staronnx
