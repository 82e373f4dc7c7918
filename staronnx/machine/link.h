// How fast data goes from one memory of the machine to another.
//
//   Link{{MemoryKind::numa_node, 0}, {MemoryKind::gpu, 1}, BytesPerSecond{25e9}, Microseconds(10)}.time_for(Bytes{2'500'000})  // 110 us
#pragma once

#include <compare>
#include <string>

#include "staronnx/base/units.h"

namespace staronnx {

enum class MemoryKind { numa_node, gpu, node };

// A place where tensors lie: the memory of a NUMA node, of a GPU, or of a node.
struct Memory {
  MemoryKind kind = MemoryKind::numa_node;
  int number = 0;  // NumaNode::number, Gpu::ordinal or LentNode::number

  std::string name() const {  // "numa0", "gpu1", "node0"
    return (kind == MemoryKind::gpu ? "gpu" : kind == MemoryKind::node ? "node" : "numa") + std::to_string(number);
  }
  auto operator<=>(const Memory&) const = default;  // NOLINT(modernize-use-nullptr): a misreading
};

// One direction: the way back is a link of its own. From a memory to itself: copies within it.
struct Link {
  Memory from;
  Memory to;
  BytesPerSecond bandwidth;  // of one large copy that has the link to itself
  Microseconds latency{0};   // of a copy too small for the bandwidth to matter

  Microseconds time_for(Bytes size) const { return latency + size / bandwidth; }
  bool operator==(const Link&) const = default;
};

}  // namespace staronnx
