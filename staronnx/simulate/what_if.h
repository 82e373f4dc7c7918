// Machines that have a little more than a given one: to simulate, and to see what that would change.
#pragma once

#include <string>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/machine/machine.h"

namespace staronnx {

struct WhatIf {
  std::string change;       // "one more NVIDIA A100 80GB PCIe"
  Result<Machine> machine;  // or why there is none
};

// One more GPU of each name, and node of each number of cores and speed, with the links of the first of these; eight more cores, alike the
// others, over all NUMA nodes that have some; the links of GPUs and nodes twice as fast. Without these, and without a GPU, that is not known.
std::vector<WhatIf> what_ifs(const Machine& machine);

}  // namespace staronnx
