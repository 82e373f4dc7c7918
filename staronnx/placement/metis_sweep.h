// METIS' cuts for many asymmetric targets; private to this room.
#pragma once

#include "staronnx/base/deadline.h"
#include "staronnx/placement/cut.h"

namespace staronnx {

// Every number of segments and every order of the processor classes along the graph (up to some tens of them), targets around what equal
// periods would need, METIS' both methods and several seeds, as far as the size of the graph allows; each cut made acyclic in both
// directions (see partition/bisection.h) and improved; the best with borders and classes chosen anew. All go to the pool; none do when the
// deadline passes first.
void add_metis_cuts(const PlacementProblem& problem, const SegmentLimits& segments, unsigned seed, const Deadline& deadline,
                    CutPool& pool);

}  // namespace staronnx
