#include "staronnx/serve/cuda_memory.h"

namespace staronnx {

Result<std::shared_ptr<const SharedObject>> open_cuda_memory(const CudaRegion& region) {
  return Error{ErrorCode::unsupported, "CUDA shared memory is not supported by this build, so region '" + region.name +
                                           "' is not registered; use system shared memory, or send the bytes"};
}

}  // namespace staronnx
