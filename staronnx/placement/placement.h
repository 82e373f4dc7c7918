// Which nodes run on which processor: a graph cut into segments, each on a processor of its own, so that the busiest is least busy.
//
// Processors come in classes (accelerators, CPUs) whose members are alike. Segments lie in order along the graph: every tensor goes from
// a segment to the same or a later one. The busy time of a processor, per request, is the computation of its segment and, in a class
// that pays for transfers, what the segment receives (each tensor once) and sends (each tensor once, however many receive it): their sum,
// or with `overlap` the largest of the three. The period is the largest busy time; its inverse is the rate that the processors sustain.
// Times are in any one unit; that of the results is the same.
// Source of the objective: J. Tarnawski et al., "Efficient algorithms for device placement of DNN graph operators", 2020.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/base/units.h"

namespace staronnx {

struct PlacementTensor {
  std::uint32_t producer = 0;
  std::vector<std::uint32_t> consumers;  // ascending, at least one, never the producer
  double transfer = 0;                   // time

  bool operator==(const PlacementTensor&) const = default;
};

struct DeviceClass {
  std::string name;  // for people: "accelerator"
  std::size_t count = 1;
  bool pays_transfers = false;
  std::vector<double> time;  // of each node; infinity where it cannot run

  bool operator==(const DeviceClass&) const = default;
};

// Nodes are numbered topologically.
struct PlacementProblem {
  std::vector<DeviceClass> classes;  // at most kMaxClasses
  std::vector<PlacementTensor> tensors;
  bool overlap = false;

  static constexpr std::size_t kMaxClasses = 4;

  std::size_t nodes() const { return classes.front().time.size(); }
  std::size_t processors() const;
  bool operator==(const PlacementProblem&) const = default;
};

// Nothing wrong, or what is: no processor, no node, a time that is negative or not a number, a node that runs nowhere, a tensor that goes
// backward. Names nodes by number.
Status check(const PlacementProblem& problem);

enum class PlacementMethod {
  metis,  // METIS' cuts for many targets, made acyclic, then moved node by node; for graphs of any size
  order,  // the best cuts of many topological orders, each found by dynamic programming
  exact,  // dynamic programming over all down-sets of the graph; gives up where there are too many
  best,   // the best of all three
};
Result<PlacementMethod> parse_placement_method(std::string_view name);
std::string_view to_string(PlacementMethod method);

struct PlacementOptions {
  PlacementMethod method = PlacementMethod::best;
  std::optional<std::size_t> segments{};  // exactly as many; otherwise as many as is best
  Seconds time_limit{60};                 // begins nothing new after it; the result depends on it only when it strikes
  unsigned seed = 1;
};

struct SegmentLoad {
  double compute = 0, in = 0, out = 0;

  bool operator==(const SegmentLoad&) const = default;
};

struct PlacedSegment {
  std::size_t processor_class = 0;  // position in PlacementProblem::classes
  std::size_t processor = 0;        // which of the class
  SegmentLoad load;                 // in and out are 0 in a class that does not pay
  double busy = 0;

  bool operator==(const PlacedSegment&) const = default;
};

struct Placement {
  std::vector<std::uint32_t> segment_of_node;
  std::vector<PlacedSegment> segments;  // in order along the graph, none without nodes
  double period = 0;
  double lone_latency = 0;      // computation and paid transfers of all segments, one after the other
  double transferred = 0;       // transfer time of the tensors that cross, once per receiving segment, paid or not
  double lower_bound = 0;       // no placement in the segments asked for has a shorter period
  bool proved_optimal = false;  // the period is the shortest there is
  PlacementMethod method = PlacementMethod::best;  // that found it; never `best`

  bool operator==(const Placement&) const = default;
};

// The same problem and options give the same placement, unless the time limit strikes. Refuses an invalid problem, more segments than
// nodes or processors, and `exact` for a graph with too many down-sets (ErrorCode::unsupported).
// Thread: METIS sets signal handlers while it works; one call at a time in the whole process.
Result<Placement> place(const PlacementProblem& problem, const PlacementOptions& options);

// The best of the different placements that the methods meet, the best first, at most `most`: for those who can measure what they are
// worth. `proved_optimal` is for the first only.
Result<std::vector<Placement>> place_candidates(const PlacementProblem& problem, const PlacementOptions& options,
                                                std::size_t most);

// The period of a valid cut; segment i is on a processor of class `class_of_segment[i]`.
double period_of(const PlacementProblem& problem, const std::vector<std::uint32_t>& segment_of_node,
                 const std::vector<std::uint32_t>& class_of_segment);

}  // namespace staronnx
