#include <algorithm>
#include <charconv>
#include <map>

#include "staronnx/machine/machine.h"

namespace staronnx {
namespace {

Error refused(std::string_view spec, const std::string& why) {
  return {ErrorCode::invalid_argument,
          "core groups '" + std::string(spec) + "': " + why + "; give widths such as '1,1' or '2', or 'auto'"};
}

Result<std::vector<int>> parse_widths(const Machine& machine, std::string_view spec) {
  if (spec == "auto") return std::vector<int>(machine.cores.size(), 1);
  std::vector<int> widths;
  std::size_t total = 0;
  for (std::size_t begin = 0; begin <= spec.size();) {
    const std::size_t end = std::min(spec.find(',', begin), spec.size());
    int width = 0;
    const auto [stop, code] = std::from_chars(spec.data() + begin, spec.data() + end, width);
    if (code != std::errc() || stop != spec.data() + end || width < 1) {
      return refused(spec, "'" + std::string(spec.substr(begin, end - begin)) + "' is not a number of cores");
    }
    total += static_cast<std::size_t>(width);
    if (total > machine.cores.size()) {
      return refused(spec, "more cores than the " + std::to_string(machine.cores.size()) + " that this process may use");
    }
    widths.push_back(width);
    begin = end + 1;
  }
  return widths;
}

// The first NUMA node with `width` free cores, else any cores in order.
CoreGroup take(std::vector<Core>& free, int width) {
  std::map<int, int> free_of_node;
  for (const Core& core : free) ++free_of_node[core.numa_node];
  const auto roomy =
      std::find_if(free.begin(), free.end(), [&](const Core& core) { return free_of_node[core.numa_node] >= width; });
  // Cores are sorted by NUMA node, so a roomy node's cores follow each other.
  const auto begin = roomy == free.end() ? free.begin() : roomy;
  CoreGroup group;
  group.numa_node = begin->numa_node;
  for (auto core = begin; core != begin + width; ++core) group.cores.push_back(core->os_id);
  free.erase(begin, begin + width);
  return group;
}

}  // namespace

Result<std::vector<CoreGroup>> core_groups(const Machine& machine, std::string_view spec) {
  Result<std::vector<int>> widths = parse_widths(machine, spec);
  if (!widths) return widths.error();
  std::vector<Core> free = machine.cores;
  std::vector<CoreGroup> groups;
  for (int width : *widths) groups.push_back(take(free, width));
  return groups;
}

}  // namespace staronnx
