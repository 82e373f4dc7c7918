// A machine as SimGrid and StarPU read it: what StarPU otherwise measures and keeps of a host.
//
// StarPU reads it from files before the simulating program's main() begins, and finds them by the environment. All cores are in one
// memory, as StarONNX drives them; a GPU is as far from it as from the nearest NUMA node. Without a link between two GPUs or nodes data goes
// from one to the other by way of that memory. A node is a device of OpenCL to StarPU, which knows no nodes in virtual time: that has one worker,
// and a memory of its own.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "staronnx/base/result.h"
#include "staronnx/machine/machine.h"

namespace staronnx {

// The link from the memory of the cores to that of a GPU or a node, or back: the best of the NUMA nodes'. Fails, naming it, where there is none.
Result<Link> link_elsewhere(const Machine& machine, Memory there, bool back);

// What SimGrid loads, and StarPU's tables of links: contents by name of the file. Fails when a GPU or a node lacks a link to or from the cores' memory, naming it, and for
// more of them, or of cores, than StarPU was built for.
Result<std::map<std::string, std::string>> platform_files(const Machine& machine);

// Writes them where a Runtime with the cache folder `cache` finds them, and has StarPU in programs that this process starts find them.
Status offer_platform(const Machine& machine, const std::filesystem::path& cache);

}  // namespace staronnx
