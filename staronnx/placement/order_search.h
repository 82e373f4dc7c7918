// The best cuts of topological orders; private to this room.
#pragma once

#include <optional>
#include <span>

#include "staronnx/placement/cut.h"

namespace staronnx {

// Topological orders to try, the given one first: depth-first ones, which follow branches, and random ones. The same for the same seed.
std::vector<std::vector<std::uint32_t>> some_orders(const PlacementProblem& problem, std::size_t count, unsigned seed);

// The shortest period, if it is below `limit`, of all cuts whose segments are intervals of this order that end at one of about `ends`
// evenly spread places. Dynamic programming over (place, processors used).
std::optional<Cut> best_intervals(const PlacementProblem& problem, const SegmentLimits& segments,
                                  std::span<const std::uint32_t> order, std::size_t ends, double limit);

}  // namespace staronnx
