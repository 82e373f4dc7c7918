#include "staronnx/machine/machine.h"

#include <hwloc.h>

#include <algorithm>
#include <memory>

#include "staronnx/machine/core_list.h"
#include "staronnx/machine/cpu_quota.h"
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
  if (hwloc_topology_load(raw) != 0) {
    return Error{ErrorCode::internal, "hwloc cannot read the machine's topology (is /sys mounted?)"};
  }
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

Bytes cache_of(hwloc_topology_t topology, hwloc_obj_t core, hwloc_obj_type_t level) {
  hwloc_obj_t cache = hwloc_get_next_obj_covering_cpuset_by_type(topology, core->cpuset, level, nullptr);
  return cache == nullptr ? Bytes{} : Bytes{cache->attr->cache.size};
}

// Hardware threads that this process may use.
Bitmap allowed_threads(hwloc_topology_t topology) {
  Bitmap allowed(hwloc_bitmap_alloc());
  if (hwloc_get_cpubind(topology, allowed.get(), HWLOC_CPUBIND_PROCESS) != 0) {
    hwloc_bitmap_copy(allowed.get(), hwloc_topology_get_allowed_cpuset(topology));
  }
  return allowed;
}

std::string list_of(hwloc_const_bitmap_t threads) {
  std::vector<int> numbers;
  for (int thread = hwloc_bitmap_first(threads); thread >= 0; thread = hwloc_bitmap_next(threads, thread))
    numbers.push_back(thread);
  return core_list(numbers);
}

Error cannot_reserve(std::string_view cores, const std::string& why) {
  return {ErrorCode::invalid_argument, "reserved cores '" + std::string(cores) + "': " + why};
}

// Hardware threads of the cores that are left to this process.
Result<Bitmap> threads_without(hwloc_topology_t topology, std::string_view reserved) {
  const Result<std::vector<int>> cores = parse_core_list(reserved);
  if (!cores) return with_context("reserved cores", cores.error());
  const Bitmap allowed = allowed_threads(topology);
  Bitmap left(hwloc_bitmap_dup(allowed.get()));
  for (const int core : *cores) {
    const auto thread = static_cast<unsigned>(core);
    hwloc_obj_t place = hwloc_get_pu_obj_by_os_index(topology, thread);
    if (place == nullptr || hwloc_bitmap_isset(allowed.get(), thread) == 0) {
      return cannot_reserve(reserved,
                            "this process may not use core " + std::to_string(core) + " anyway, only " + list_of(allowed.get()));
    }
    hwloc_obj_t whole = hwloc_get_ancestor_obj_by_type(topology, HWLOC_OBJ_CORE, place);
    hwloc_bitmap_andnot(left.get(), left.get(), whole == nullptr ? place->cpuset : whole->cpuset);
  }
  if (hwloc_bitmap_iszero(left.get())) {
    return cannot_reserve(reserved, "no core would be left to this process; leave one of " + list_of(allowed.get()));
  }
  return left;
}

std::vector<Core> cores_of(hwloc_topology_t topology) {
  const Bitmap allowed = allowed_threads(topology);
  std::vector<Core> cores;
  const int count = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_CORE);
  for (int i = 0; i < count; ++i) {
    hwloc_obj_t core = hwloc_get_obj_by_type(topology, HWLOC_OBJ_CORE, static_cast<unsigned>(i));
    const int thread = first_allowed_thread(core, allowed.get());
    if (thread < 0) continue;
    cores.push_back({.os_id = thread,
                     .numa_node = numa_node_of(topology, core),
                     .l1d = cache_of(topology, core, HWLOC_OBJ_L1CACHE),
                     .l2 = cache_of(topology, core, HWLOC_OBJ_L2CACHE)});
  }
  std::sort(cores.begin(), cores.end(),
            [](const Core& a, const Core& b) { return std::pair(a.numa_node, a.os_id) < std::pair(b.numa_node, b.os_id); });
  return cores;
}

// More cores than a control group allows time for would all be stopped at times. What is left of the quota is for other threads.
void keep_within_quota(std::vector<Core>& cores) {
  const std::optional<double> quota = cpu_quota();
  if (!quota || *quota >= static_cast<double>(cores.size())) return;
  cores.resize(std::max<std::size_t>(1, static_cast<std::size_t>(*quota)));
}

// Caches that none of `cores` uses are left out.
std::vector<L3Cache> l3_caches_of(hwloc_topology_t topology, const std::vector<Core>& cores) {
  std::vector<L3Cache> caches;
  for (hwloc_obj_t l3 = nullptr; (l3 = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_L3CACHE, l3)) != nullptr;) {
    L3Cache cache{Bytes{l3->attr->cache.size}, {}};
    for (const Core& core : cores) {
      if (hwloc_bitmap_isset(l3->cpuset, static_cast<unsigned>(core.os_id)) != 0) cache.cores.push_back(core.os_id);
    }
    std::sort(cache.cores.begin(), cache.cores.end());
    if (cache.size > Bytes{} && !cache.cores.empty()) caches.push_back(std::move(cache));
  }
  return caches;
}

std::vector<NumaNode> numa_nodes_of(hwloc_topology_t topology) {
  std::vector<NumaNode> nodes;
  for (hwloc_obj_t node = nullptr; (node = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_NUMANODE, node)) != nullptr;) {
    nodes.push_back({static_cast<int>(node->logical_index), Bytes{node->attr->numanode.local_memory}});
  }
  return nodes;
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

const Link* Machine::link(Memory from, Memory to) const {
  const auto found =
      std::find_if(links.begin(), links.end(), [&](const Link& link) { return link.from == from && link.to == to; });
  return found == links.end() ? nullptr : &*found;
}

std::string Machine::id() const {
  std::string text = cpu_model + ", " + std::to_string(cores.size()) + (cores.size() == 1 ? " core" : " cores");
  for (const Gpu& gpu : gpus) text += ", " + gpu.name;
  return text;
}

Status reserve_cores(std::string_view list) {
  Result<Topology> topology = load_topology();
  if (!topology) return topology.error();
  Result<Bitmap> left = threads_without(topology->get(), list);
  if (!left) return left.error();
  if (hwloc_set_cpubind(topology->get(), left->get(), HWLOC_CPUBIND_PROCESS) != 0) {
    return Error{ErrorCode::internal, "the threads of this process cannot be kept to cores " + list_of(left->get())};
  }
  return {};
}

Result<Machine> detect_machine() {
  Result<Topology> topology = load_topology();
  if (!topology) return topology.error();
  Machine machine;
  machine.cpu_model = cpu_model_of(topology->get());
  machine.cores = cores_of(topology->get());
  if (machine.cores.empty()) {
    return Error{ErrorCode::internal, "hwloc finds no core that this process may use; check its CPU affinity"};
  }
  keep_within_quota(machine.cores);
  machine.l3_caches = l3_caches_of(topology->get(), machine.cores);
  machine.numa_nodes = numa_nodes_of(topology->get());
  machine.gpus = detect_gpus();
  return machine;
}

}  // namespace staronnx
