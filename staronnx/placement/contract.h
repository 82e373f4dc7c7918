// Smaller problems with the same answers; private to this room, but for contract().
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "staronnx/placement/cut.h"

namespace staronnx {

constexpr std::uint32_t kDropped = 0xffffffff;

struct Contracted {
  PlacementProblem problem;
  std::vector<std::uint32_t> group_of_node;  // node of `problem` that each node became a part of, or kDropped
};

// Nodes of the same group (0, 1, 2...) become one, numbered topologically; a node whose group is kDropped goes, with its tensors. The
// nodes of `problem` may come in any order. Tensors of a group that go to the same groups become one. Groups must not form a circle.
Contracted contract(const PlacementProblem& problem, std::span<const std::uint32_t> group_of_node);

// Each node its own group.
Contracted unchanged(const PlacementProblem& problem);

// Joins and drops nodes that take no time on any processor where that can make no placement worse:
// - one that reads nothing and whose tensors cost nothing is dropped (its place: with its first consumer);
// - one with a single consumer, whose inputs cost no more than what it writes, joins the consumer;
// - one that reads from a single producer tensors that nobody else reads, and whose outputs cost no more than these, or nobody
//   reads its own, joins the producer.
// A public graph of 96 nodes (GNMT) goes from more than 1.5 million down-sets to 79.
Contracted reduce(const PlacementProblem& problem);

// The cut of the whole problem that a cut of the smaller one stands for.
Cut expand(const PlacementProblem& whole, const Contracted& contracted, const Cut& cut);

}  // namespace staronnx
