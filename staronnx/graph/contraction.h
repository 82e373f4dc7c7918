// Joins nodes of an acyclic graph into groups so that it stays acyclic.
//
// Every group has a number, and every edge between groups goes from a lower to a higher one: that is the proof that there is no
// cycle. Both ways of joining keep it:
// - a group joins its highest-numbered predecessor and takes that one's number: its other predecessors have lower numbers
//   still, its successors higher ones than before;
// - a group joins its lowest-numbered successor and takes that one's number, for the mirrored reason.
#pragma once

#include <cstddef>
#include <vector>

#include "staronnx/base/topological_order.h"

namespace staronnx {

class Contraction {
 public:
  // Nodes are numbered topologically: successors are higher. Each begins as its own group.
  explicit Contraction(const Successors& successors);

  // The group of a node, by the number above.
  std::size_t group_of(std::size_t node) const;
  // Nodes of the group with this number; empty when there is none (any more).
  const std::vector<std::size_t>& members(std::size_t group) const { return members_[group]; }

  // False, and nothing changes, for a group without predecessors.
  bool join_last_predecessor(std::size_t group);
  // False, and nothing changes, for a group without successors.
  bool join_first_successor(std::size_t group);

 private:
  void join(std::size_t group, std::size_t into);

  Successors successors_;
  Successors predecessors_;
  std::vector<std::size_t> group_;  // by node
  std::vector<std::vector<std::size_t>> members_;
};

}  // namespace staronnx
