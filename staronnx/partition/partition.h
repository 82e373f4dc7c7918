// A model's graph cut into ordered segments.
//
// Valid always: every graph node is in exactly one segment, no segment is empty, and every tensor goes from a segment to the same or
// a later one (the quotient graph is acyclic), so segments run in order 0, 1, 2...
#pragma once

#include <cstdint>
#include <string_view>
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

// "0.6,0.3,0.1". Refuses what is no list of finite numbers; what shares must be beyond that, partition() says.
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

// The sizes agree: one weight per node and tensor, one share per segment.
CutQuality quality_of(const Graph& graph, const Weights& weights, const Shares& shares, const Partition& partition);

// Nothing wrong, or an error that names the first rule above that is broken.
Status check(const Graph& graph, const Partition& partition);

// The best of many: METIS bisections (its k-way and its recursive method, several seeds derived from `seed`), each made acyclic, and splits
// of random topological orders; all refined by moving nodes. Best means, in this order: each segment's work within 5 % of its target, or as
// near as was found; fewest bytes cut, once per tensor and receiving segment; work nearest to the targets. Shares are met in order:
// segment i comes i-th along the graph and gets about of_work[i]. A graph whose nodes all weigh nothing is cut by number of nodes.
// The same input gives the same partition. About a second for 50,000 nodes.
//
// Refuses fewer than two shares, shares that are not positive or do not add up to 1 (within 1e-3), more segments than the graph has
// nodes, and weights of another graph, negative or not finite.
// Thread: METIS sets signal handlers while it works; one call at a time in the whole process.
// Source of METIS: G. Karypis, V. Kumar, "A fast and high quality multilevel scheme for partitioning irregular graphs", 1998.
Result<Partition> partition(const Graph& graph, const Weights& weights, const Shares& shares, unsigned seed);

}  // namespace staronnx
