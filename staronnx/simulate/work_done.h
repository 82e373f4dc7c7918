// How long the processors and links of a simulated machine have been at work.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "staronnx/bench/system.h"
#include "staronnx/machine/machine.h"
#include "staronnx/schedule/runtime.h"
#include "staronnx/simulate/simulated_engine.h"

namespace staronnx {

// One of a program: it takes what StarPU has counted of transfers.
class WorkDone {
 public:
  // All outlive it. Every GPU and node has links (see platform.h).
  WorkDone(const Machine& machine, const Runtime& runtime, const SimulatedEngine& engine);

  // So far: the cores that run segments, the GPUs of each name, each node, and of every link to, from and between these each direction, by what its
  // transfers take alone. Always the same ones in the same order.
  std::vector<Worked> so_far();

 private:
  using Ends = std::pair<unsigned, unsigned>;  // StarPU's numbers of two memories

  void count_transfers();

  const Machine& machine_;
  const Runtime& runtime_;
  const SimulatedEngine& engine_;
  struct Direction {
    std::string name;
    Link link;
    Microseconds worked{};
  };
  std::map<Ends, Direction> links_;
};

}  // namespace staronnx
