// Local search: better segments by moving single nodes, valid after every move.
#pragma once

#include "staronnx/partition/problem.h"

namespace staronnx {

// Passes of Fiduccia and Mattheyses: in a pass each node moves at most once, to the next segment or the one before, the best move first
// even where it makes things worse for a while; the best state seen is kept. A node may move when all it reads comes from its new
// segment or earlier ones, and all that reads it lies there or later; the last node of a segment stays. `segments` are valid, as is the result.
// Source: C. M. Fiduccia, R. M. Mattheyses, "A linear-time heuristic for improving network partitions", 1982.
Segments refine(const Problem& problem, Segments segments);

}  // namespace staronnx
