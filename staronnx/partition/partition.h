// A model's graph cut into ordered segments.
//
// Valid always: every graph node is in exactly one segment, no segment is empty, and every tensor goes from a segment to the same or
// a later one (the quotient graph is acyclic), so segments run in order 0, 1, 2...
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/base/units.h"
#include "staronnx/graph/graph.h"

namespace staronnx {

// Asymmetric targets: segment i is to get of_work[i] of the whole work.
struct Shares {
  std::vector<double> of_work;

  static Shares even(std::size_t segments);
};

// "0.6,0.3,0.1". Refuses what is no list of numbers.
Result<Shares> parse_shares(std::string_view text);

struct Partition {
  std::size_t segments = 0;
  std::vector<SegmentId> of_node;  // by graph node

  bool operator==(const Partition&) const = default;
};

// Weights of the graph to cut.
struct Weights {
  std::vector<double> of_node;           // work, any unit, not negative, by graph node
  std::vector<std::uint64_t> of_tensor;  // bytes, by position in Graph::tensors()
};

// What a partition is worth.
struct CutQuality {
  std::vector<double> work;  // share of the whole work in each segment
  double imbalance = 0;      // max over segments of work / target - 1
  Bytes cut;                 // bytes that cross, once per tensor and receiving segment
};

CutQuality quality_of(const Graph& graph, const Weights& weights, const Shares& shares, const Partition& partition);

// Nothing wrong, or an error that names the first rule above that is broken.
Status check(const Graph& graph, const Partition& partition);

// METIS (k-way and recursive bisection, several seeds derived from `seed`), each result made acyclic and refined on balance, then cut bytes;
// the best is returned. The same input gives the same partition. Refuses fewer than two shares, shares that are not positive or do
// not add up to 1 (within 1e-3), and more segments than the graph has nodes.
// Source of METIS: G. Karypis, V. Kumar, "A fast and high quality multilevel scheme for partitioning irregular graphs", 1998.
Result<Partition> partition(const Graph& graph, const Weights& weights, const Shares& shares, unsigned seed);

}  // namespace staronnx
