// The systems that `staronnx bench` compares, all with the plan's whole model file:
// "ORT all cores": one session with ONNX Runtime's defaults, one request at a time;
// "ORT 1 thread per core": as many callers of one single-threaded session as there are cores, one queue;
// "ORT on the GPU", "ORT on 2 GPUs" .., where there are any: a session on each with the CUDA provider's defaults, two callers each (while
// one's tensors are copied the other's are computed), one queue;
// "StarONNX whole", "StarONNX k2" ..: each variant of the plan, on the runtime's places;
// "StarONNX", where these are in several memories and there are several variants: the variant chosen for each request.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/bench/system.h"
#include "staronnx/execute/engine.h"
#include "staronnx/machine/machine.h"
#include "staronnx/plan/plan.h"
#include "staronnx/schedule/runtime.h"

namespace staronnx {

// `directory`: where `plan` was loaded from. `machine`: whose cores and GPUs the plain systems use. The runtime and the engine outlive the systems. Loads every model
// file; may take seconds.
Result<std::vector<std::unique_ptr<System>>> open_systems(Runtime& runtime, Engine& engine, const Plan& plan,
                                                          const std::filesystem::path& directory, const Machine& machine,
                                                          const Requests& requests);

}  // namespace staronnx
