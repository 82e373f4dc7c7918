// A machine in words.
#pragma once

#include <string>

#include "staronnx/machine/machine.h"

namespace staronnx {

// Lines for people: "2 cores (0-1), AMD EPYC", then caches, memory, GPUs and links, as far as they are known. Sizes in KiB, MiB and GiB,
// bandwidth in GB/s (1e9 bytes).
std::string describe(const Machine& machine);

}  // namespace staronnx
