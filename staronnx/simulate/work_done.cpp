#include "staronnx/simulate/work_done.h"

#include <starpu.h>

#include <algorithm>

#include "staronnx/simulate/platform.h"

namespace staronnx {

WorkDone::WorkDone(const Machine& machine, const Runtime& runtime, const SimulatedEngine& engine)
    : machine_(machine), runtime_(runtime), engine_(engine) {
  std::map<Memory, unsigned> memories;  // StarPU's numbers
  for (const Place& place : runtime.places()) {
    if (place.gpu) memories[{MemoryKind::gpu, *place.gpu}] = place.memory;
    for (const LentNode& node : machine.nodes) {
      const Memory memory{MemoryKind::node, node.number};
      if (place.node == memory.name()) memories[memory] = place.memory;
    }
  }
  for (const auto& [there, memory] : memories) {
    links_[{STARPU_MAIN_RAM, memory}] = {"link to " + there.name(), *link_elsewhere(machine, there, false)};
    links_[{memory, STARPU_MAIN_RAM}] = {"link from " + there.name(), *link_elsewhere(machine, there, true)};
  }
  for (const Link& link : machine.links) {
    if (memories.contains(link.from) && memories.contains(link.to) && link.from != link.to)
      links_[{memories.at(link.from), memories.at(link.to)}] = {"link " + link.from.name() + " to " + link.to.name(), link};
  }
}

std::vector<Worked> WorkDone::so_far() {
  Worked cores{"cores", 0, engine_.cores_worked()};
  for (const CoreGroup& group : runtime_.groups()) cores.count += group.width();
  std::vector<Worked> all{cores};
  for (const Gpu& gpu : machine_.gpus) {
    const auto known = std::find_if(all.begin() + 1, all.end(), [&](const Worked& worked) { return worked.name == gpu.name; });
    Worked& of_name = known == all.end() ? all.emplace_back(Worked{gpu.name, 0, {}}) : *known;
    ++of_name.count;
    of_name.time += engine_.worked_elsewhere(gpu.ordinal);
  }
  for (const LentNode& node : machine_.nodes)
    all.push_back({Memory{MemoryKind::node, node.number}.name(), 1, engine_.worked_elsewhere(number_of_node(node))});
  count_transfers();
  for (const auto& [ends, link] : links_) all.push_back({link.name, 1, link.worked});
  return all;
}

void WorkDone::count_transfers() {
  for (int bus = 0; bus < starpu_bus_get_count(); ++bus) {
    starpu_profiling_bus_info moved{};
    starpu_bus_get_profiling_info(bus, &moved);  // since the last time
    if (moved.transfer_count == 0) continue;
    const auto add = [&](unsigned from, unsigned to) {
      Direction& direction = links_.at({from, to});
      const Bytes bytes{static_cast<std::uint64_t>(moved.transferred_bytes)};
      direction.worked += moved.transfer_count * direction.link.latency + bytes / direction.link.bandwidth;
    };
    const auto from = static_cast<unsigned>(starpu_bus_get_src(bus)), to = static_cast<unsigned>(starpu_bus_get_dst(bus));
    if (links_.contains({from, to})) {
      add(from, to);
    } else {  // between GPUs or nodes, by way of the cores' memory
      add(from, STARPU_MAIN_RAM);
      add(STARPU_MAIN_RAM, to);
    }
  }
}

}  // namespace staronnx
