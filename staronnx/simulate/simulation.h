// A plan under load on a machine that exists in virtual time only, by the engine's own scheduling code.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/bench/comparison.h"
#include "staronnx/machine/machine.h"
#include "staronnx/schedule/runtime.h"
#include "staronnx/simulate/carried_plan.h"

namespace staronnx {

struct SimulationOptions {
  RuntimeOptions runtime;             // of the machine; its cache is where offer_platform() wrote
  std::vector<std::string> variants;  // of the plan, one system each; "" chooses one for each request
  std::size_t requests = 2000;  // during a measurement at the highest rate, or at the one asked for; the others last as long
};

// `comparison`: its seed is the noise's, too; duration and requests at once are chosen here. To be called once in a program, by StarPU-SimGrid's main actor. Fails
// for GPUs without a speed, and as Runtime::start() and compare() do.
Result<Comparison> simulate(const CarriedPlan& plan, const std::filesystem::path& directory, const Machine& machine,
                            const SimulationOptions& options, ComparisonOptions comparison, const Progress& progress);

}  // namespace staronnx
