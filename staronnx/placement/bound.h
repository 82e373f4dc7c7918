// How short a period can be; private to this room.
#pragma once

#include "staronnx/base/deadline.h"
#include "staronnx/placement/cut.h"

namespace staronnx {

// A period that no placement is below, in however many segments. The linear programme whose columns are (processor class, any set of nodes),
// solved by column generation: the set that helps most is a minimum cut. Each round gives a bound, the best of which counts, so a deadline
// makes it weaker, not wrong. Stops when the bound is within 1e-6 of the programme's optimum or of the period of `known`.
double period_bound(const PlacementProblem& problem, const Cut& known, const Deadline& deadline);

}  // namespace staronnx
