// What hardware there is, as values.
//
// A processor is what runs one task at a time: a group of CPU cores acting as one, or a GPU. Cores are named by their OS
// number (the one `taskset` takes). Only what this process may use is listed: its CPU affinity (taskset, cpusets) is obeyed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "staronnx/base/result.h"

namespace staronnx {

struct Core {
  int os_id = 0;      // the hardware thread used of this core, OS number
  int numa_node = 0;  // logical number

  bool operator==(const Core&) const = default;
};

// One or more cores that run one task together.
struct CoreGroup {
  std::vector<int> cores;  // OS numbers, at least one; the first is the thread that calls ONNX Runtime
  int numa_node = 0;       // of the first core

  int width() const { return static_cast<int>(cores.size()); }
  std::string name() const;  // "cores 0,1"
  bool operator==(const CoreGroup&) const = default;
};

// Found through the CUDA runtime, in builds with STARONNX_WITH_CUDA; other builds know no GPUs.
struct Gpu {
  int ordinal = 0;
  std::string name;

  bool operator==(const Gpu&) const = default;
};

struct Machine {
  std::string cpu_model;    // "AMD EPYC ..."
  std::vector<Core> cores;  // one per physical core, by NUMA node, then OS number
  std::vector<Gpu> gpus;

  // Key of measurements taken here: "<cpu model>, N cores": equal on machines whose measurements may be shared.
  std::string id() const;
  bool operator==(const Machine&) const = default;
};

// Asks hwloc. Fails when the topology cannot be read.
Result<Machine> detect_machine();

// "1,1" = two groups of one core, "2" = one group of two, "auto" = one group of one core for each core. Cores are taken in order; a
// group stays on one NUMA node while some node has enough free cores. Refuses more cores than the machine has, a zero, other text.
Result<std::vector<CoreGroup>> core_groups(const Machine& machine, std::string_view spec);

}  // namespace staronnx
