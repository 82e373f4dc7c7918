#include "staronnx/machine/machine.h"

#include <hwloc.h>

#include <algorithm>
#include <memory>

#include "staronnx/machine/gpus.h"

namespace staronnx {
namespace {

struct DestroyTopology {
  void operator()(hwloc_topology_t topology) const { hwloc_topology_destroy(topology); }
};
using Topology = std::unique_ptr<hwloc_topology, DestroyTopology>;

struct FreeBitmap {
  void operator()(hwloc_bitmap_t bitmap) const { hwloc_bitmap_free(bitmap); }
};
using Bitmap = std::unique_ptr<hwloc_bitmap_s, FreeBitmap>;

Result<Topology> load_topology() {
  hwloc_topology_t raw = nullptr;
  if (hwloc_topology_init(&raw) != 0) return Error{ErrorCode::internal, "hwloc cannot be initialised"};
  Topology topology(raw);
  if (hwloc_topology_load(raw) != 0) return Error{ErrorCode::internal, "hwloc cannot read the machine's topology (is /sys mounted?)"};
  return topology;
}

int first_allowed_thread(hwloc_obj_t core, hwloc_const_bitmap_t allowed) {
  Bitmap both(hwloc_bitmap_alloc());
  hwloc_bitmap_and(both.get(), core->cpuset, allowed);
  return hwloc_bitmap_first(both.get());
}

int numa_node_of(hwloc_topology_t topology, hwloc_obj_t core) {
  hwloc_obj_t node = hwloc_get_next_obj_covering_cpuset_by_type(topology, core->cpuset, HWLOC_OBJ_NUMANODE, nullptr);
  return node == nullptr ? 0 : static_cast<int>(node->logical_index);
}

std::vector<Core> cores_of(hwloc_topology_t topology) {
  Bitmap allowed(hwloc_bitmap_alloc());
  if (hwloc_get_cpubind(topology, allowed.get(), HWLOC_CPUBIND_PROCESS) != 0) {
    hwloc_bitmap_copy(allowed.get(), hwloc_topology_get_allowed_cpuset(topology));
  }
  std::vector<Core> cores;
  const int count = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_CORE);
  for (int i = 0; i < count; ++i) {
    hwloc_obj_t core = hwloc_get_obj_by_type(topology, HWLOC_OBJ_CORE, static_cast<unsigned>(i));
    const int thread = first_allowed_thread(core, allowed.get());
    if (thread >= 0) cores.push_back({thread, numa_node_of(topology, core)});
  }
  std::sort(cores.begin(), cores.end(),
            [](const Core& a, const Core& b) { return std::pair(a.numa_node, a.os_id) < std::pair(b.numa_node, b.os_id); });
  return cores;
}

std::string cpu_model_of(hwloc_topology_t topology) {
  hwloc_obj_t package = hwloc_get_obj_by_type(topology, HWLOC_OBJ_PACKAGE, 0);
  const char* model = package == nullptr ? nullptr : hwloc_obj_get_info_by_name(package, "CPUModel");
  return model == nullptr ? "unknown CPU" : model;
}

}  // namespace

std::string CoreGroup::name() const {
  std::string text = width() == 1 ? "core " : "cores ";
  for (std::size_t i = 0; i < cores.size(); ++i) text += (i == 0 ? "" : ",") + std::to_string(cores[i]);
  return text;
}

std::string Machine::id() const {
  std::string text = cpu_model + ", " + std::to_string(cores.size()) + (cores.size() == 1 ? " core" : " cores");
  for (const Gpu& gpu : gpus) text += ", " + gpu.name;
  return text;
}

Result<Machine> detect_machine() {
  Result<Topology> topology = load_topology();
  if (!topology) return topology.error();
  Machine machine;
  machine.cpu_model = cpu_model_of(topology->get());
  machine.cores = cores_of(topology->get());
  if (machine.cores.empty()) return Error{ErrorCode::internal, "hwloc finds no core that this process may use; check its CPU affinity"};
  machine.gpus = detect_gpus();
  return machine;
}

}  // namespace staronnx
