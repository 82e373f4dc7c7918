// The optimum, where the graph has few enough down-sets; private to this room.
#pragma once

#include <optional>

#include "staronnx/base/deadline.h"
#include "staronnx/placement/cut.h"

namespace staronnx {

struct ExactAnswer {
  bool complete = false;   // false: too many down-sets or pairs of them, or too late
  std::optional<Cut> cut;  // the best; none when no cut has a period of at most `limit`
};

// Dynamic programming over (down-set, processors used): a segment is the difference of two down-sets. Two segments need one look at each
// down-set; more need the pairs. `limit`, the period of a known cut, keeps the pairs few.
// Source: J. Tarnawski et al., "Efficient algorithms for device placement of DNN graph operators", 2020, section 5.
ExactAnswer exact_cut(const PlacementProblem& problem, const SegmentLimits& segments, double limit, const Deadline& deadline);

}  // namespace staronnx
