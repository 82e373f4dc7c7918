// METIS, kept behind one door: metis_cut.cpp is the only file of StarONNX that knows its types.
//
// METIS counts in 32 bits, so work and bytes are scaled to sums that it can hold. It knows no direction: either part may lie first along the
// graph, and each may depend on the other. It is asked for two parts at a time only: with more, it prints to the standard output when it
// runs out of nodes, and which part lies where could not be chosen. During a call it has handlers of its own for SIGABRT and SIGTERM.
#pragma once

#include "staronnx/partition/problem.h"

namespace staronnx {

enum class MetisMethod { kway, recursive };

// The graph without directions. A tensor is a path through its producer and then its consumers in ascending order: a cut that follows
// the numbering crosses the path once per receiving segment, which is what the tensor costs; an edge to every consumer would count it
// once per consumer.
class MetisGraph {
 public:
  explicit MetisGraph(const Problem& problem);

  // The part, 0 or 1, of each node; part 0 is to get `share` (between 0 and 1) of the work. A part may be empty.
  Segments bisect(double share, MetisMethod method, unsigned seed) const;

 private:
  // Adjacency in METIS' form (compressed sparse rows, both directions).
  std::vector<std::int32_t> begin_, neighbour_, edge_weight_, node_weight_;
};

}  // namespace staronnx
