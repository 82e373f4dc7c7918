// How fast this machine's GPUs run a model; private to this room.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "staronnx/execute/engine.h"
#include "staronnx/machine/machine.h"
#include "staronnx/plan/segment_costs.h"
#include "staronnx/plan/study.h"

namespace staronnx {

struct MeasuredGpus {
  Machine machine;                // with the speeds of its GPUs; without those that do not run the model
  std::vector<std::string> said;  // for people: each kind's speed, or why it does not run the model
};

// Measured on the whole model, in `directory`, against its time on a core; one GPU of each name, whose inputs and outputs are in its
// memory. GPUs whose speed the machine says keep it. `costs` remembers the times.
MeasuredGpus measure_gpus(const Machine& machine, Engine& engine, const Study& study, const std::filesystem::path& directory,
                          Microseconds on_a_core, SegmentCosts& costs);

}  // namespace staronnx
