// Which nodes of a directed graph reach each other.
#pragma once

#include <cstddef>
#include <vector>

#include "staronnx/base/topological_order.h"

namespace staronnx {

// For each node the number of its strongly connected component: two nodes have the same when each reaches the other. Numbers are
// 0, 1, 2... in the order of the components' first nodes.
// Source: R. Tarjan, "Depth-first search and linear graph algorithms", 1972 (here without recursion).
std::vector<std::size_t> strong_components(const Successors& successors);

}  // namespace staronnx
