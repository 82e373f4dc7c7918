// StarPU, wrapped once: one worker per core group, a scheduling policy, nothing else.
//
// StarPU is one per process, so is a Runtime. Workers sleep when idle (StarPU must be built with --enable-blocking-drivers). While a
// Runtime starts, it sets and clears some of the STARPU_* variables of the process's environment, which StarPU reads; the user's own
// settings of cores and workers there are ignored.
//
//   auto runtime = Runtime::start({.groups = groups, .scheduler = "dmdas", .cache = default_cache_directory()});
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/machine/machine.h"

namespace staronnx {

struct RuntimeOptions {
  std::vector<CoreGroup> groups;    // one StarPU worker each, its thread pinned to the group's first core; disjoint
  std::string scheduler = "dmdas";  // one of schedulers()
  std::filesystem::path cache;      // where StarPU keeps what it measured of the machine; created
};

class Runtime {
 public:
  // Fails when a Runtime lives already, when the groups overlap or may not be used, when the policy is unknown (listing those there
  // are), or when StarPU does not start. To be called, and destroyed, outside StarPU's workers.
  static Result<std::unique_ptr<Runtime>> start(const RuntimeOptions& options);
  ~Runtime();  // every Pipeline on it is gone before

  std::span<const CoreGroup> groups() const;

  struct State;  // private to this room
  explicit Runtime(std::unique_ptr<State> state);
  State& state() { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

// The names of the policies of StarPU that can run pipelines.
std::vector<std::string> schedulers();

}  // namespace staronnx
