// From the parts of an undirected cut to segments that can run one after the other.
#pragma once

#include "staronnx/partition/problem.h"

namespace staronnx {

// Which end gives way where a tensor goes backward.
enum class Repair {
  pull_producers,  // ancestor closure: what an earlier segment needs moves to it
  push_consumers,  // descendant closure: what needs a later segment moves to it
};

// Valid segments near the given ones.
Segments make_acyclic(const Problem& problem, Segments segments, Repair repair);

}  // namespace staronnx
