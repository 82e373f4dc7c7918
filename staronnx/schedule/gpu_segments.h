// The segments of a variant on the GPUs of a runtime.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/execute/engine.h"
#include "staronnx/execute/gpu_executor.h"
#include "staronnx/plan/plan.h"
#include "staronnx/schedule/runtime_state.h"

namespace staronnx {

// By worker, then segment; null where the segment cannot run on GPUs.
using GpuExecutors = std::vector<std::vector<std::shared_ptr<GpuExecutor>>>;

// Prepares each segment for each worker, with TensorRT where the engine has it and it is faster (gpu_choice.h), on each GPU the same for all
// its workers. Adds to `notes` what does not run there, or not as one may think, and why.
Result<GpuExecutors> load_on_gpus(ExecutorFactory& engine, const Plan& plan, const std::filesystem::path& directory,
                                  const Variant& variant, std::span<const Runtime::State::GpuWorker> workers,
                                  std::vector<std::string>& notes);

}  // namespace staronnx
