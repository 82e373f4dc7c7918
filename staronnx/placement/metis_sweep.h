// METIS' cuts for many asymmetric targets; private to this room.
#pragma once

#include <optional>

#include "staronnx/base/deadline.h"
#include "staronnx/placement/cut.h"

namespace staronnx {

// Every number of segments and every order of the processor classes along the graph (up to some tens of them), targets around what equal
// periods would need, METIS' both methods and several seeds, as far as the size of the graph allows; each cut made acyclic in both
// directions (see partition/bisection.h) and improved, the best of them with borders and classes chosen anew. The best; none when the deadline passes first.
std::optional<Cut> best_metis_cut(const PlacementProblem& problem, const SegmentLimits& segments, unsigned seed,
                                  const Deadline& deadline);

}  // namespace staronnx
