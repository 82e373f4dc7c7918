// Which nodes of a plan are drawn as one box. Private to this room.
#pragma once

#include <cstddef>
#include <set>
#include <vector>

#include "staronnx/plan/plan.h"

namespace staronnx {

// Nodes of one segment drawn as one box.
struct Box {
  std::vector<std::size_t> nodes;       // of Plan::nodes, ascending; at least one
  std::set<std::size_t> before, after;  // positions of the boxes that it reads, and that read it
  std::size_t segment = 0;

  bool operator==(const Box&) const = default;
};

// Every node of the plan in one box, without cycles among boxes. Chains become one box each. While that leaves more boxes than a person
// can view, some thirty, branches are folded into what they leave or join, and at last nodes that only follow each other.
// The plan's nodes stand in topological order, and segments before those that read them.
std::vector<Box> folded(const Plan& plan, const Variant& variant);

}  // namespace staronnx
