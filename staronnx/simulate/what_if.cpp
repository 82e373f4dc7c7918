#include "staronnx/simulate/what_if.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

namespace staronnx {
namespace {

constexpr int kMoreCores = 8;

// What the links of one memory are, those of another are, too.
void link_alike(Machine& machine, Memory like, Memory added) {
  const std::vector<Link> links = machine.links;
  for (Link link : links) {
    if (link.from != like && link.to != like) continue;
    if (link.from == like) link.from = added;
    if (link.to == like) link.to = added;
    machine.links.push_back(link);
  }
}

Machine with_one_more(Machine machine, Gpu gpu) {
  const Memory like{MemoryKind::gpu, gpu.ordinal};
  gpu.ordinal = 1 + std::ranges::max(machine.gpus, {}, &Gpu::ordinal).ordinal;
  gpu.pci_bus_id.clear();
  machine.gpus.push_back(gpu);
  link_alike(machine, like, {MemoryKind::gpu, gpu.ordinal});
  return machine;
}

Machine with_one_more(Machine machine, LentNode node) {
  const Memory like{MemoryKind::node, node.number};
  node.number = 1 + std::ranges::max(machine.nodes, {}, &LentNode::number).number;
  machine.nodes.push_back(node);
  link_alike(machine, like, {MemoryKind::node, node.number});
  return machine;
}

Machine with_more_cores(Machine machine) {
  std::vector<Core> examples;  // of each NUMA node
  std::set<int> taken;
  for (const Core& core : machine.cores) {
    taken.insert(core.os_id);
    if (examples.empty() || examples.back().numa_node != core.numa_node) examples.push_back(core);
  }
  int number = 0;
  for (std::size_t added = 0; added < kMoreCores; ++added) {
    while (!taken.insert(number).second) ++number;
    Core core = examples[added % examples.size()];
    core.os_id = number;
    machine.cores.push_back(core);
  }
  std::ranges::sort(machine.cores, {}, [](const Core& core) { return std::tuple(core.numa_node, core.os_id); });
  return machine;
}

bool leads_elsewhere(const Link& link) {
  return link.from.kind != MemoryKind::numa_node || link.to.kind != MemoryKind::numa_node;
}

Machine with_faster_links(Machine machine) {
  for (Link& link : machine.links) {
    if (leads_elsewhere(link)) link.bandwidth.count *= 2;
  }
  return machine;
}

}  // namespace

std::vector<WhatIf> what_ifs(const Machine& machine) {
  std::vector<WhatIf> changes;
  std::set<std::string> names;
  for (const Gpu& gpu : machine.gpus) {
    if (names.insert(gpu.name).second) changes.push_back({"one more " + gpu.name, with_one_more(machine, gpu)});
  }
  std::set<std::pair<int, double>> kinds;
  for (const LentNode& node : machine.nodes) {
    if (kinds.emplace(node.cores, node.speed).second)
      changes.push_back({"one more node like node" + std::to_string(node.number), with_one_more(machine, node)});
  }
  const char* no_gpu = "the machine has no GPU to take as a pattern; add one to its file, with its speed and its links";
  if (names.empty()) changes.push_back({"a GPU", Error{ErrorCode::not_found, no_gpu}});
  changes.push_back({std::to_string(kMoreCores) + " more cores", with_more_cores(machine)});
  const char* no_link = "there is none: all processors share one memory";
  changes.push_back({"links twice as fast", std::ranges::none_of(machine.links, leads_elsewhere)
                                                ? Result<Machine>(Error{ErrorCode::not_found, no_link})
                                                : Result<Machine>(with_faster_links(machine))});
  return changes;
}

}  // namespace staronnx
