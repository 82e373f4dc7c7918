// What each segment really costs: measured on the built files; private to this room.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/execute/engine.h"
#include "staronnx/machine/machine.h"
#include "staronnx/plan/plan.h"

namespace staronnx {

struct MeasuredInputs {
  const Signature* signature = nullptr;  // of the whole model; not owned
  std::vector<Tensor> tensors;           // one per input
};

// Fills `cpu_time` of every segment for every width, from the cache where this very cut was measured before: median time of a run on
// an otherwise idle machine, segments fed with the tensors that the segments before them wrote. `cache` is a folder.
Status measure_segments(const Machine& machine, Engine& engine, const std::filesystem::path& directory, const MeasuredInputs& inputs,
                        const std::vector<int>& widths, const std::filesystem::path& cache, Plan& plan,
                        const std::function<void(const std::string&, double)>& progress);

}  // namespace staronnx
