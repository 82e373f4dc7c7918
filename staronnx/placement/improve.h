// Moves of single nodes that make a cut better; private to this room.
#pragma once

#include <functional>

#include "staronnx/placement/cut.h"

namespace staronnx {

// The cut after moves of nodes from and to the busiest segment, each the best there is, also some that make it worse for a while.
// Stays valid; never worse than `cut`.
// Source: C. Fiduccia, R. Mattheyses, "A linear-time heuristic for improving network partitions", 1982 (here for the period).
Cut improve(const PlacementProblem& problem, const Cut& cut);

// Calls `visit` with each valid cut that differs from `cut` in the place of one node, until it returns false.
void visit_neighbours(const PlacementProblem& problem, const Cut& cut, const std::function<bool(Cut)>& visit);

}  // namespace staronnx
