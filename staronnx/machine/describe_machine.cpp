#include "staronnx/machine/describe_machine.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <span>
#include <utility>

#include "staronnx/machine/core_list.h"

namespace staronnx {
namespace {

std::string digits(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3g", value);
  return text.data();
}

std::string in_words(Bytes size) {
  double value = static_cast<double>(size.count);
  const char* unit = "bytes";
  for (const char* larger : {"KiB", "MiB", "GiB", "TiB"}) {
    if (value < 1000) break;
    value /= 1024;
    unit = larger;
  }
  return digits(value) + " " + unit;
}

std::string listed(std::span<const int> cores) {
  return (cores.size() == 1 ? "core " : "cores ") + core_list(cores);
}

// "L1d 48 KiB, L2 1 MiB"; empty when neither is known.
std::string private_caches(Bytes l1d, Bytes l2) {
  std::string text;
  if (l1d > Bytes{}) text += "L1d " + in_words(l1d);
  if (l2 > Bytes{}) text += (text.empty() ? "L2 " : ", L2 ") + in_words(l2);
  return text;
}

std::string caches(const Machine& machine) {
  std::map<std::pair<Bytes, Bytes>, std::vector<int>> alike;
  for (const Core& core : machine.cores) alike[{core.l1d, core.l2}].push_back(core.os_id);
  std::string text;
  for (auto& [sizes, cores] : alike) {
    const std::string known = private_caches(sizes.first, sizes.second);
    std::sort(cores.begin(), cores.end());
    if (!known.empty()) text += "  " + listed(cores) + ": " + known + (cores.size() > 1 ? " each\n" : "\n");
  }
  for (const L3Cache& cache : machine.l3_caches) {
    text += "  " + listed(cache.cores) + ": L3 " + in_words(cache.size) + (cache.cores.size() > 1 ? " shared\n" : "\n");
  }
  return text;
}

std::string line_of(const Machine& machine, const NumaNode& node) {
  std::vector<int> cores;
  for (const Core& core : machine.cores) {
    if (core.numa_node == node.number) cores.push_back(core.os_id);
  }
  const std::string memory = node.memory > Bytes{} ? in_words(node.memory) + " of memory" : "memory";
  return "  " + Memory{MemoryKind::numa_node, node.number}.name() + ": " + memory + (cores.empty() ? "" : ", " + listed(cores)) +
         "\n";
}

std::string line_of(const Gpu& gpu) {
  std::string text =
      "  " + Memory{MemoryKind::gpu, gpu.ordinal}.name() + ": " + gpu.name + ", " + in_words(gpu.memory) + " of memory";
  if (!gpu.pci_bus_id.empty()) text += ", PCIe " + gpu.pci_bus_id;
  return text + (gpu.speed ? ", " + digits(*gpu.speed) + " times as fast as a core\n" : ", speed not measured\n");
}

std::string line_of(const LentNode& node) {
  return "  " + Memory{MemoryKind::node, node.number}.name() + ": " + std::to_string(node.cores) +
         (node.cores == 1 ? " core, " : " cores, each ") + digits(node.speed) + " times as fast as one of these\n";
}

std::string line_of(const Link& link) {
  return "  " + link.from.name() + " to " + link.to.name() + ": " + digits(link.bandwidth.count / 1e9) + " GB/s, " +
         digits(link.latency.count()) + " us\n";
}

}  // namespace

std::string describe(const Machine& machine) {
  std::vector<int> cores;
  for (const Core& core : machine.cores) cores.push_back(core.os_id);
  std::sort(cores.begin(), cores.end());
  std::string text = std::to_string(cores.size()) + (cores.size() == 1 ? " core (" : " cores (") + core_list(cores) + "), " +
                     machine.cpu_model + "\n" + caches(machine) + "NUMA nodes:\n";
  for (const NumaNode& node : machine.numa_nodes) text += line_of(machine, node);
  text += machine.gpus.empty() ? "no GPU known\n" : "GPUs:\n";
  for (const Gpu& gpu : machine.gpus) text += line_of(gpu);
  text += machine.nodes.empty() ? "" : "nodes:\n";
  for (const LentNode& node : machine.nodes) text += line_of(node);
  text += machine.links.empty() ? "no link measured\n" : "links, of one copy at a time:\n";
  for (const Link& link : machine.links) text += line_of(link);
  return text;
}

}  // namespace staronnx
