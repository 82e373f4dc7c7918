// Memory of a GPU that another process shares through CUDA's interprocess handles (CUDA Runtime API, section "Device Management",
// cudaIpcOpenMemHandle). Private to this room.
#pragma once

#include <memory>

#include "staronnx/serve/shared_memory.h"
#include "staronnx/serve/shared_object.h"

namespace staronnx {

// Errors: unsupported in builds without CUDA, and without a GPU; invalid_argument for a handle or a GPU that is none. What is read or written
// outside the client's allocation fails.
Result<std::shared_ptr<const SharedObject>> open_cuda_memory(const CudaRegion& region);

}  // namespace staronnx
