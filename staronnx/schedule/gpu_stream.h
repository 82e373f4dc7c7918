// The one thing of CUDA's that the room needs to know: on which stream StarPU works for a worker. Builds without CUDA have no such workers.
#pragma once

namespace staronnx {

// A cudaStream_t, StarPU's. `worker`: a CUDA worker's number. Waits for the worker.
void* stream_of_gpu_worker(unsigned worker);

}  // namespace staronnx
