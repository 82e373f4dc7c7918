// Which set of nodes earns most on a processor; private to this room.
#pragma once

#include <vector>

#include "staronnx/placement/cut.h"

namespace staronnx {

// What a unit of a processor's time costs; a set pays for what it computes, receives and sends.
struct TimePrices {
  double compute = 0, in = 0, out = 0;
};

struct PricedSet {
  double profit = 0;  // sum of what its nodes earn, less what its times cost; 0 for the empty set
  std::vector<std::uint32_t> nodes;
};

// The set with the highest profit, any set of nodes that the class can run, by a minimum cut: a tensor that the set receives or sends is
// paid once, so each has two vertices of its own. Numbers are rounded to 2^-50 of their sum.
// Source: J. Picard, "Maximal closure of a graph and applications to combinatorial problems", 1976; the cut by Y. Boykov, V. Kolmogorov
// (Boost Graph Library).
PricedSet best_set(const PlacementProblem& problem, std::size_t processor_class, const std::vector<double>& earned_by_node,
                   const TimePrices& prices);

SegmentLoad load_of(const PlacementProblem& problem, std::size_t processor_class, const std::vector<std::uint32_t>& nodes);

}  // namespace staronnx
