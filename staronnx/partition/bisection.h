// Recursive bisection: METIS cuts the graph in two, the halves are put in order and made acyclic, and each half is cut in turn.
#pragma once

#include "staronnx/partition/metis_cut.h"

namespace staronnx {

// Valid segments near the targets. Each bisection separates half of the targets that are left, so segment i comes to lie at place i along the
// graph whatever the targets are.
Segments bisect(const Problem& problem, MetisMethod method, unsigned seed);

}  // namespace staronnx
