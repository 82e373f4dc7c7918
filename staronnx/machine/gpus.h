// The machine's GPUs; private to this room.
#pragma once

#include <vector>

#include "staronnx/machine/machine.h"

namespace staronnx {

// Empty when there is no GPU, no driver, or no CUDA in this build.
std::vector<Gpu> detect_gpus();

}  // namespace staronnx
