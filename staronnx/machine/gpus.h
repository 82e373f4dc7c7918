// The machine's GPUs; private to this room.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/machine/machine.h"

namespace staronnx {

// Empty when there is no GPU, no driver, or no CUDA in this build.
std::vector<Gpu> detect_gpus();

// The links between NUMA node `node`, of whose memory `host` is a part, and the GPU, both directions; `enough` is spent on each figure.
// Pins `host` for the time, overwrites it, and leaves the GPU as this thread's device. Fails when CUDA does.
Result<std::vector<Link>> measure_gpu_links(const Gpu& gpu, int node, std::span<std::byte> host, Microseconds enough);

}  // namespace staronnx
