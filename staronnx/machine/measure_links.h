// The machine's links, measured.
#pragma once

#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/machine/machine.h"

namespace staronnx {

// One link for each ordered pair of NUMA nodes, a node to itself included (one thread copies, on a core of the node that receives), and
// both directions between each such node and each GPU (pinned memory). Nodes on which `machine` has no core are left out. Each figure is
// the best of several copies, as whatever else runs only makes a copy slower; the size is well above the caches.
//
// `machine` is what detect_machine() says here. Takes about 100 ms and 128 MiB for each node, plus 50 ms for each link; with GPUs, the
// time to start CUDA, whose context stays with the process. Works on threads of its own: the caller's affinity and device stay as they
// were. Fails, naming the memory, when there is not enough of it, a core may not be used, or CUDA fails.
Result<std::vector<Link>> measure_links(const Machine& machine);

}  // namespace staronnx
