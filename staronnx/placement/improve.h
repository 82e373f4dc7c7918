// Moves of single nodes that make a cut better; private to this room.
#pragma once

#include "staronnx/placement/cut.h"

namespace staronnx {

// The cut after moves of nodes from and to the busiest segment, each the best there is, also some that make it worse for a while.
// Stays valid; never worse than `cut`.
// Source: C. Fiduccia, R. Mattheyses, "A linear-time heuristic for improving network partitions", 1982 (here for the period).
Cut improve(const PlacementProblem& problem, Cut cut);

}  // namespace staronnx
