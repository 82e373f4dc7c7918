// An order of a directed graph given as successor lists.
#pragma once

#include <cstddef>
#include <vector>

namespace staronnx {

using Successors = std::vector<std::vector<std::size_t>>;  // [i]: the nodes that i points to, also more than once

// The nodes, each after all that point to it; the lowest that is possible comes first. Nodes on cycles, and those that only come after
// them, are left out.
std::vector<std::size_t> topological_order(const Successors& successors);

}  // namespace staronnx
