// A cut under construction, and what it is worth; private to this room.
#pragma once

#include <compare>
#include <cstdint>
#include <vector>

#include "staronnx/placement/placement.h"

namespace staronnx {

// Valid: every segment has a node, every tensor goes to the same or a later segment, no class is used more often than it has processors.
struct Cut {
  std::vector<std::uint32_t> segment;   // by node
  std::vector<std::uint32_t> of_class;  // by segment: its processor class

  bool operator==(const Cut&) const = default;
};

// Smaller is better: what comes first counts first.
struct CutWorth {
  double period = 0;
  double lone_latency = 0;
  double transferred = 0;

  auto operator<=>(const CutWorth&) const = default;
};

// Per segment, transfers counted whether the class pays or not.
std::vector<SegmentLoad> loads_of(const PlacementProblem& problem, const Cut& cut);
double busy_time(const PlacementProblem& problem, std::size_t processor_class, const SegmentLoad& load);
CutWorth worth_of(const PlacementProblem& problem, const Cut& cut);

// By node: the tensors that it reads and writes.
struct Adjacency {
  explicit Adjacency(const PlacementProblem& problem);

  std::vector<std::vector<std::uint32_t>> reads, writes;
};

// The best different cuts seen so far.
class CutPool {
 public:
  struct Found {
    CutWorth worth;
    Cut cut;
    PlacementMethod method = PlacementMethod::order;
  };

  CutPool(const PlacementProblem& problem, std::size_t most) : problem_(problem), most_(most) {}

  void add(Cut cut, PlacementMethod method);
  void clear() { found_.clear(); }

  bool empty() const { return found_.empty(); }
  const std::vector<Found>& found() const { return found_; }  // best first
  double limit() const;                                       // a cut whose period is not below this is of no use

 private:
  const PlacementProblem& problem_;
  std::size_t most_;
  std::vector<Found> found_;
};

// How many segments a search may make.
struct SegmentLimits {
  std::size_t least = 1, most = 1;
};

}  // namespace staronnx
