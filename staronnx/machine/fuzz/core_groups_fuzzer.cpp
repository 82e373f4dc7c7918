#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string_view>

#include "staronnx/machine/machine.h"

// Groups never share a core.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  staronnx::Machine machine;
  for (int core = 0; core < 8; ++core) machine.cores.push_back({core, core / 4});
  const auto groups = staronnx::core_groups(machine, std::string_view(reinterpret_cast<const char*>(data), size));
  if (!groups) return 0;
  std::set<int> seen;
  for (const staronnx::CoreGroup& group : *groups) {
    for (int core : group.cores) {
      if (!seen.insert(core).second) std::abort();
    }
  }
  return 0;
}
