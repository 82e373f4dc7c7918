#include <starpu.h>
#include <starpu_cuda.h>

#include "staronnx/schedule/gpu_stream.h"

namespace staronnx {

void* stream_of_gpu_worker(unsigned worker) {
  void* stream = nullptr;
  const auto ask = [](void* answer) { *static_cast<void**>(answer) = starpu_cuda_get_local_stream(); };
  unsigned workers[] = {worker};
  starpu_execute_on_specific_workers(ask, &stream, 1, workers, "staronnx_stream");
  return stream;
}

}  // namespace staronnx
