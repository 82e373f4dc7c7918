// What the rest of the room needs of a Runtime.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "staronnx/machine/machine.h"
#include "staronnx/schedule/idle_gate.h"
#include "staronnx/schedule/runtime.h"

namespace staronnx {

// The position of a group is the id of its StarPU worker: there are no other workers.
struct Runtime::State {
  std::vector<CoreGroup> groups;
  std::vector<Place> places;
  std::atomic<std::uint64_t> requests = 0;  // that came, ever
  std::atomic<std::size_t> pipelines = 0;   // opened, ever
  IdleGate gate;
  int idle_hook = -1;  // StarPU's number for what makes workers wait at the gate
};

}  // namespace staronnx
