// What the rest of the room needs of a Runtime.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "staronnx/machine/machine.h"
#include "staronnx/schedule/gathering.h"
#include "staronnx/schedule/gpu_turns.h"
#include "staronnx/schedule/idle_gate.h"
#include "staronnx/schedule/links.h"
#include "staronnx/schedule/node_calls.h"
#include "staronnx/schedule/runtime.h"

namespace staronnx {

// StarPU numbers its workers: first the GPUs', then the nodes, then the groups, in order.
struct Runtime::State {
  struct GpuWorker {
    Gpu gpu;
    void* stream = nullptr;  // StarPU's
  };
  struct Node {
    NodeCalls calls;
    std::set<std::string> files;  // that it was sent, "<folder>/<name>"
  };

  bool several_memories() const { return workers_elsewhere() > 0; }
  std::size_t workers_elsewhere() const { return gpu_workers.size() + nodes.size(); }
  std::size_t workers() const { return workers_elsewhere() + groups.size(); }

  std::unique_ptr<Gathering> gathering;  // null without nodes
  std::vector<GpuWorker> gpu_workers;    // in the simulator the nodes', too
  std::vector<Node> nodes;
  Links links;  // between memories
  std::unique_ptr<GpuTurns> gpu_turns;
  std::vector<CoreGroup> groups;
  std::vector<Place> places;
  bool own_policy = true;                   // StarONNX's scheduling policy, not one of StarPU's
  std::atomic<std::uint64_t> requests = 0;  // that came, ever
  std::atomic<std::size_t> pipelines = 0;   // opened, ever
  IdleGate gate;
  // StarPU's numbers for what makes workers wait at the gate, and its threads for nodes rest.
  int idle_hook = -1, progression_hook = -1;
};

}  // namespace staronnx
