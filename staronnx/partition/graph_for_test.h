// Small graphs for tests and benchmarks, hand-made and random.
#pragma once

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "staronnx/partition/problem.h"

namespace staronnx {

struct WeightedGraph {
  Graph graph;
  Weights weights;
};

struct EdgeList {
  std::uint32_t producer;
  std::vector<std::uint32_t> consumers;
  std::uint64_t bytes;
};

inline WeightedGraph weighted_graph(std::vector<double> work, const std::vector<EdgeList>& edges) {
  std::vector<GraphNode> nodes;
  for (std::uint32_t i = 0; i < work.size(); ++i) nodes.push_back({"node" + std::to_string(i), {NodeId{i}}});
  std::vector<GraphTensor> tensors;
  Weights weights{std::move(work), {}};
  for (const EdgeList& edge : edges) {
    tensors.push_back({"from" + std::to_string(edge.producer), NodeId{edge.producer}, {}});
    for (const std::uint32_t consumer : edge.consumers) tensors.back().consumers.push_back(NodeId{consumer});
    weights.of_tensor.push_back(edge.bytes);
  }
  return {*Graph::create(std::move(nodes), std::move(tensors)), std::move(weights)};
}

inline WeightedGraph chain(std::vector<double> work, const std::vector<std::uint64_t>& bytes) {
  std::vector<EdgeList> edges;
  for (std::uint32_t i = 0; i < bytes.size(); ++i) edges.push_back({i, {i + 1}, bytes[i]});
  return weighted_graph(std::move(work), edges);
}

enum class GraphShape { chain, residual, local, wide, random, sparse };
constexpr GraphShape kGraphShapes[] = {GraphShape::chain, GraphShape::residual, GraphShape::local,
                                       GraphShape::wide,  GraphShape::random,   GraphShape::sparse};

// A node that `node` reads, in a graph of this shape; `node` itself for none.
inline std::uint32_t random_producer(GraphShape shape, std::uint32_t node, int which, std::mt19937& random) {
  const std::uint32_t window = std::min(node, 8U);
  switch (shape) {
    case GraphShape::chain: return node - 1;
    case GraphShape::residual: return which == 0 ? node - 1 : node - 1 - random() % window;
    case GraphShape::local: return node - 1 - random() % window;
    case GraphShape::wide: return node >= 6 ? node - 6 : node;  // six chains side by side
    case GraphShape::random: return random() % node;
    case GraphShape::sparse:
      return random() % 3 == 0 ? 0 : random() % 3 == 0 ? node : node - 1;  // pieces, and a node that many read
  }
  return node;
}

// Of two nodes or more; every sixth node weighs nothing.
inline WeightedGraph random_graph(GraphShape shape, std::uint32_t nodes, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<double> work;
  std::vector<EdgeList> edges;
  for (std::uint32_t node = 0; node < nodes; ++node) {
    work.push_back(random() % 6 == 0 ? 0 : std::exp(static_cast<double>(random() % 300) / 100));
    edges.push_back({node, {}, 1000 + random() % 100'000});
    for (int which = 0; node > 0 && which < 2; ++which) {
      std::vector<std::uint32_t>& readers = edges[random_producer(shape, node, which, random)].consumers;
      if (&readers != &edges[node].consumers && (readers.empty() || readers.back() != node)) readers.push_back(node);
    }
  }
  std::erase_if(edges, [](const EdgeList& edge) { return edge.consumers.empty(); });
  return weighted_graph(std::move(work), edges);
}

}  // namespace staronnx
