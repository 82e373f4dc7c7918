// Ways through the graph.
#pragma once

#include "staronnx/partition/problem.h"

namespace staronnx {

std::vector<std::uint32_t> given_order(const Problem& problem);  // 0, 1, 2.. which is topological

// A topological order of the nodes: each time, one of those whose inputs are ready is drawn. The same for the same seed.
std::vector<std::uint32_t> random_order(const Problem& problem, unsigned seed);

}  // namespace staronnx
