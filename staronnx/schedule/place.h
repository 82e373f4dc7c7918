// Where a task can run: on one worker's core group, or on several neighbours' that lend their cores to one of them.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "staronnx/machine/machine.h"

namespace staronnx {

struct Place {
  CoreGroup group;                   // the cores of all its workers, the first worker's first
  std::vector<std::size_t> workers;  // positions in Runtime::groups(), ascending; the first runs the task

  int width() const { return group.width(); }
  bool operator==(const Place&) const = default;
};

// First one place for each group, in order. With `elastic` also one for every 2, 4, 8.. groups that follow each other on a NUMA node, and
// one for all groups of a node: places then overlap, and a task takes all workers of its place.
std::vector<Place> places_of(std::span<const CoreGroup> groups, bool elastic);

}  // namespace staronnx
