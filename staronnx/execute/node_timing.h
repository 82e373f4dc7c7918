// Time and output sizes of every node, from ONNX Runtime's own profiler.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/base/units.h"
#include "staronnx/machine/machine.h"
#include "staronnx/model/tensor.h"

namespace staronnx {

struct NodeTiming {
  Microseconds time{};              // of one run; body nodes are inside their If, Loop or Scan
  std::vector<TensorInfo> outputs;  // type and shape of each output present that is a tensor, in order; names are empty
};

struct ModelTiming {
  Microseconds whole{};                       // one run with ONNX Runtime's full optimisation
  std::map<std::string, NodeTiming> by_node;  // by node name, of the model as it is in the file
};

// Runs `model` on `group` with `inputs` (one per input): fully optimised; the same under the profiler; and as it is in the file under
// the profiler. Each for a third of `budget`, but 5 to 50 times, after a warm-up. Times are lower quartiles (see quartile.h). Node
// times are those of the optimised model: the time of a fused node is shared out to the nodes it was made of (see attribution.h). The
// name of each node must be its own. `progress` is told the share done, 0..1, on a thread that is pinned to the group's first core.
// Fails with ONNX Runtime's reason when the model cannot be loaded or run.
Result<ModelTiming> time_nodes(const std::filesystem::path& model, const CoreGroup& group, std::span<const TensorView> inputs,
                               Seconds budget, const std::function<void(double)>& progress);

}  // namespace staronnx
