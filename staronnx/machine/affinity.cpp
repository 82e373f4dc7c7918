#include "staronnx/machine/affinity.h"

#include <sched.h>

#include <memory>
#include <string>

namespace staronnx {
namespace {

struct FreeCpuSet {
  void operator()(cpu_set_t* set) const { CPU_FREE(set); }
};

}  // namespace

Status pin_this_thread(std::span<const int> cores) {
  constexpr int most = 8192;  // the kernel's own limit (CONFIG_NR_CPUS) is at most this
  std::unique_ptr<cpu_set_t, FreeCpuSet> set(CPU_ALLOC(most));
  const std::size_t size = CPU_ALLOC_SIZE(most);
  CPU_ZERO_S(size, set.get());
  std::string names;
  for (int core : cores) {
    if (core >= 0) CPU_SET_S(static_cast<std::size_t>(core), size, set.get());
    names += " " + std::to_string(core);
  }
  if (sched_setaffinity(0, size, set.get()) != 0) {
    return Error{ErrorCode::invalid_argument, "a thread cannot be pinned to core" + names + ": the process may not use it"};
  }
  return {};
}

}  // namespace staronnx
