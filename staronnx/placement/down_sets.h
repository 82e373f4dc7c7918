// The lattice of down-sets (ideals) of a graph; private to this room.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "staronnx/placement/placement.h"

namespace staronnx {

// A down-set is a set of nodes with all that they read, directly or not: what can lie before a cut.
struct DownSets {
  struct Step {
    std::uint32_t node = 0;  // joins
    std::uint32_t to = 0;    // number of the larger down-set
  };

  std::vector<std::vector<Step>> steps;  // by down-set; the empty one is 0, the whole graph last, smaller ones before larger ones
  std::vector<std::uint64_t> members;    // bits, `words` per down-set
  std::size_t words = 0;

  std::size_t count() const { return steps.size(); }
  bool has(std::size_t down_set, std::uint32_t node) const { return members[down_set * words + node / 64] >> (node % 64) & 1U; }
};

// All of them, or nothing where there are more than `most`.
std::optional<DownSets> down_sets_of(const PlacementProblem& problem, std::size_t most);

}  // namespace staronnx
