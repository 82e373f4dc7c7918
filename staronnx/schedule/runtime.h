// StarPU, wrapped once: one worker per core group, a scheduling policy, nothing else.
//
// StarPU is one per process, so is a Runtime. Workers sleep when idle (StarPU must be built with --enable-blocking-drivers). While a
// Runtime starts, it sets and clears some of the STARPU_* variables of the process's environment, which StarPU reads; the user's own
// settings of cores and workers there are ignored.
//
// With nodes, 15 at most, Runtime::start() waits for them, and the process ends when one of them does (gathering.h); it is the last
// Runtime of the process.
//
//   auto runtime = Runtime::start(*runtime_options(machine, "elastic", "staronnx", default_cache_directory()));
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/machine/machine.h"
#include "staronnx/schedule/gathering.h"
#include "staronnx/schedule/place.h"

namespace staronnx {

// In the simulator: a node that nobody waits for. What is prepared there is prepared as on a GPU (ExecutorFactory::prepare_on_gpu), of this number.
struct SimulatedNode {
  NodeIdentity identity;
  int number = 0;
};

struct RuntimeOptions {
  std::vector<CoreGroup> groups;       // one StarPU worker each, its thread pinned to the group's first core; disjoint
  std::string scheduler = "staronnx";  // one of schedulers()
  bool elastic = false;  // neighbouring groups lend each other their cores (see place.h); for groups of one core, and "staronnx"
  std::filesystem::path cache;  // where StarPU keeps what it measured of the machine; created
  std::vector<Gpu> gpus = {};   // each has kWorkersPerGpu workers; builds with CUDA only
  NodesOptions nodes = {};      // other processes whose cores take part
  std::vector<SimulatedNode> simulated_nodes = {};
  // Tensors travel to GPUs and nodes while others are computed there. Off, with "staronnx" only, to see what that is worth: then nothing is
  // sent ahead, and a GPU has one worker.
  bool overlap = true;
};

// While one's tensors travel another's are computed.
constexpr std::size_t kWorkersPerGpu = 2;

// The options that people say in words. `core_groups`: "elastic", or fixed groups as core_groups() takes them. All GPUs
// of the machine take part; then "elastic" and "auto" leave a core for each of them, whose workers' threads keep it busy.
Result<RuntimeOptions> runtime_options(const Machine& machine, std::string_view core_groups, std::string_view scheduler,
                                       std::filesystem::path cache);

class Runtime {
 public:
  // Fails when a Runtime lives already, when the groups overlap or may not be used, when the policy is unknown (listing those there
  // are), when nodes do not come in time, or when StarPU does not start. To be called, and destroyed, outside StarPU's workers.
  static Result<std::unique_ptr<Runtime>> start(const RuntimeOptions& options);
  ~Runtime();  // every Pipeline on it is gone before

  std::span<const CoreGroup> groups() const;
  std::span<const Place> places() const;  // where segments run; first one for each worker: GPUs', nodes', groups'

  struct State;  // private to this room
  explicit Runtime(std::unique_ptr<State> state);
  State& state() { return *state_; }

 private:
  Status find_places(const RuntimeOptions& options);

  std::unique_ptr<State> state_;
};

// The names of the policies that can run pipelines: StarONNX's own, and those of StarPU.
std::vector<std::string> schedulers();

}  // namespace staronnx
