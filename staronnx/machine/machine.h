// What hardware there is, as values.
//
// A processor is what runs one task at a time: a group of CPU cores acting as one, or a GPU. Cores are named by their OS
// number (the one `taskset` takes). Only what this process may use is listed: its CPU affinity (taskset, cpusets, reserve_cores) and the time
// that its control groups allow (containers' limits) are obeyed.
//
// A Machine comes from detect_machine() (this machine, links not measured) or from a machine file (machine_file.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/base/units.h"
#include "staronnx/machine/link.h"

namespace staronnx {

struct Core {
  int os_id = 0;      // the hardware thread used of this core, OS number
  int numa_node = 0;  // NumaNode::number
  Bytes l1d{};        // level 1 data cache; 0 when unknown
  Bytes l2{};         // level 2 cache that this core uses, alone or with neighbours; 0 when unknown

  bool operator==(const Core&) const = default;
};

struct L3Cache {
  Bytes size{};
  std::vector<int> cores;  // those that share it, OS numbers, ascending

  bool operator==(const L3Cache&) const = default;
};

struct NumaNode {
  int number = 0;  // hwloc's logical number
  Bytes memory{};  // 0 when unknown

  bool operator==(const NumaNode&) const = default;
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
  int ordinal = 0;  // CUDA's number
  std::string name;
  Bytes memory{};
  std::string pci_bus_id;       // "0000:01:00.0"; empty when unknown
  std::optional<double> speed;  // whole float32 requests while one core runs one; absent until measured or given in a file

  bool operator==(const Gpu&) const = default;
};

// Cores of another machine that are lent to this one over the network, as one processor (docs/nodes.md). Nodes come and go with their processes: only
// machine files have some, to be simulated.
struct LentNode {
  int number = 0;
  int cores = 0;
  double speed = 1;  // of each: requests while one core of the machine runs one

  bool operator==(const LentNode&) const = default;
};

struct Machine {
  std::string cpu_model;    // "AMD EPYC ..."
  std::vector<Core> cores;  // one per physical core, by NUMA node, then OS number
  std::vector<Gpu> gpus;
  std::vector<LentNode> nodes;
  std::vector<L3Cache> l3_caches;    // each core is in one at most
  std::vector<NumaNode> numa_nodes;  // by number; those of all cores, perhaps others that have memory only
  std::vector<Link> links;           // one at most for two memories and a direction

  // The link from one memory to another; nullptr when it is not known.
  const Link* link(Memory from, Memory to) const;

  // Key of measurements taken here: "<cpu model>, N cores": equal on machines whose measurements may be shared.
  std::string id() const;
  bool operator==(const Machine&) const = default;
};

// Leaves cores to others (GPU drivers, the network): from now on no thread of this process runs on them, and detect_machine() does not list
// them, as with taskset. `list`: OS numbers as Linux writes them, "0,8-9"; a core is left alone with all its hardware threads. To be
// called before anything is started that pins threads, such as a Runtime: what was pinned is pinned no more. Refuses other text, cores that
// this process may not use, and a list that leaves none.
Status reserve_cores(std::string_view list);

// Asks hwloc, and in a CUDA build the CUDA runtime. Quick: nothing is measured, so there are no links (measure_links.h) and no speeds.
// Fails when the topology cannot be read.
Result<Machine> detect_machine();

// "1,1" = two groups of one core, "2" = one group of two, "auto" = one group of one core for each core. Cores are taken in order; a
// group stays on one NUMA node while some node has enough free cores. Refuses more cores than the machine has, a zero, other text.
Result<std::vector<CoreGroup>> core_groups(const Machine& machine, std::string_view spec);

}  // namespace staronnx
