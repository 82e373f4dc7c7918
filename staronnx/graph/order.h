// Orders of directed graphs given as successor lists: successors[i] are the nodes that i points to.
#pragma once

#include <cstddef>
#include <vector>

namespace staronnx {

using Successors = std::vector<std::vector<std::size_t>>;

// For each node the number of its strongly connected component: two nodes have the same when each reaches the other. Numbers are
// 0, 1, 2... in the order of the components' first nodes.
// Source: R. Tarjan, "Depth-first search and linear graph algorithms", 1972 (here without recursion).
std::vector<std::size_t> strong_components(const Successors& successors);

// Nodes of an acyclic graph, each after all that point to it; the lowest that is possible comes first.
std::vector<std::size_t> topological_order(const Successors& successors);

}  // namespace staronnx
