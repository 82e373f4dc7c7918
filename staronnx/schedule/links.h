// What StarPU takes to bring data from one memory to another: measured where nodes are, as they join; what StarPU knows elsewhere.
#pragma once

#include <map>
#include <span>
#include <utility>

#include "staronnx/base/units.h"

namespace staronnx {

class Links {
 public:
  Links() = default;

  // Moves data between all pairs of `memories`, StarPU's numbers, and takes medians. Blocks: on loopback about 15 ms a pair, over a link
  // of 1 Gbit/s 0.3 s. Nothing else is under way. Not on a worker; workers are awake.
  explicit Links(std::span<const unsigned> memories);

  // For one tensor, with the messages that announce it.
  Microseconds time(unsigned from, unsigned to, Bytes size) const;

 private:
  struct Link {
    Microseconds latency{};
    Microseconds per_byte{};
  };

  std::map<std::pair<unsigned, unsigned>, Link> measured_;
};

}  // namespace staronnx
