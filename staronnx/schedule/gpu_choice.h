// Which provider computes a segment on a GPU: CUDA's, or TensorRT's where that is faster and gives the same.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "staronnx/base/deadline.h"
#include "staronnx/base/result.h"
#include "staronnx/execute/gpu_executor.h"
#include "staronnx/model/tensor.h"

namespace staronnx {

struct GpuChoice {
  GpuProvider provider = GpuProvider::cuda;
  std::string why;              // for people: what each takes, or why TensorRT is not taken
  std::vector<Tensor> outputs;  // CUDA's, in the host's memory
};

// Runs both on `inputs` and takes their times by `now`. Results are the same within what TF32 keeps, which both may use. Fails when CUDA
// cannot run them. Waits for the GPU.
Result<GpuChoice> choose_on_gpu(GpuExecutor& cuda, GpuExecutor& tensorrt, std::span<const Tensor> inputs,
                                const std::function<Clock::time_point()>& now);

}  // namespace staronnx
