// The load of a segment that grows node by node; private to this room.
#pragma once

#include <array>
#include <span>

#include "staronnx/placement/cut.h"

namespace staronnx {

// Nodes lie before the segment, in it, or later. Those that join it are always next: all that they read is before or inside. So what is
// inside has all its consumers inside or later, and a tensor leaves the segment unless all its consumers are inside.
// Each step takes time proportional to the tensors of the node.
class GrowingSegment {
 public:
  struct Loads {
    std::array<double, PlacementProblem::kMaxClasses> compute{};  // by class
    double in = 0, out = 0;
  };

  explicit GrowingSegment(const PlacementProblem& problem);

  void begin(std::span<const std::uint32_t> before);  // empty from now on; all other nodes come later
  void move_before(std::uint32_t node);               // while empty: `node`, which comes next, lies before
  void add(std::uint32_t node);
  void remove(std::uint32_t node, const Loads& as_before);  // the node added last

  const Loads& loads() const { return loads_; }
  double busy(std::size_t processor_class) const;
  double least_compute() const;  // over the classes; grows with the segment

 private:
  enum class Place : std::uint8_t { later, before, inside };

  const PlacementProblem& problem_;
  Adjacency adjacency_;
  std::vector<Place> place_;             // by node
  std::vector<std::uint32_t> consumed_;  // by tensor: consumers inside
  Loads loads_;
};

}  // namespace staronnx
