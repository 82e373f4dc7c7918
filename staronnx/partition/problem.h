// The question put to every algorithm of this room: which cut of this graph is best for these targets?
//
// Work is counted in whole numbers (the whole model is about 2^40) and balance in millionths, so that sums are exact in any order and the
// same input gives the same partition. A graph whose nodes all weigh nothing is cut by number of nodes.
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <vector>

#include "staronnx/partition/partition.h"

namespace staronnx {

// The segment of each node, by node. Valid: each segment has at least Problem::least nodes, and no tensor goes to an earlier segment.
using Segments = std::vector<std::uint32_t>;

// A tensor that nodes of the problem produce and read; node numbers are topological.
struct CutTensor {
  std::uint32_t producer = 0;
  std::vector<std::uint32_t> consumers;  // ascending, at least one
  std::int64_t bytes = 0;
};

struct Problem {
  std::vector<std::int64_t> work;    // by node
  std::vector<std::int64_t> target;  // by segment: the work it is to get
  std::vector<std::int64_t> slack;   // by segment: the deviation that costs nothing
  std::vector<std::size_t> least;    // by segment: the nodes it must have; in all no more than there are
  std::vector<CutTensor> tensors;
  std::vector<std::vector<std::uint32_t>> reads;   // by node: tensors
  std::vector<std::vector<std::uint32_t>> writes;  // by node: tensors

  std::size_t nodes() const { return work.size(); }
  std::size_t segments() const { return target.size(); }
};

// The request is valid (see partition()). The slack is 5 %.
Problem make_problem(const Graph& graph, const Weights& weights, const Shares& shares);

// The same question for some nodes (ascending; they are numbered anew in that order) and other targets. Tensors from and to other nodes
// are left out.
Problem part_of(const Problem& problem, std::span<const std::uint32_t> nodes, std::span<const std::int64_t> target);

// Work of each node as a share of the whole.
std::vector<double> relative_work(std::span<const double> of_node);

// How far a segment with this work is from its target: |work - target| in millionths of the target. Relative, since a slow processor
// with twice its small share holds up the pipeline as much as a fast one with twice its large share.
std::int64_t deviation_of(const Problem& problem, std::size_t segment, std::int64_t work);

// What is minimised, in this order.
struct Score {
  std::int64_t excess = 0;     // deviation beyond the slack, summed over the segments
  std::int64_t cut = 0;        // bytes, once per tensor and receiving segment
  std::int64_t deviation = 0;  // summed over the segments

  auto operator<=>(const Score&) const = default;
};

std::vector<std::int64_t> loads_of(const Problem& problem, const Segments& segments);  // work, by segment

Score score_of(const Problem& problem, const Segments& segments);

// Nodes cannot be divided, so a target may be out of reach. Adds to the slack what the best balanced segments found need, so that bytes
// count again among segments that are about as good.
void relax(Problem& problem, const Segments& best_balanced);

// The nodes in a topological order, cut where the work passes the targets. Valid.
Segments prefix_split(const Problem& problem, std::span<const std::uint32_t> order);

}  // namespace staronnx
