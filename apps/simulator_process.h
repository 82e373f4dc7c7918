// The simulator, a program of its own. StarPU reads a machine when it starts, so there is a process for each.
#pragma once

#include <nlohmann/json.hpp>

#include "apps/simulate_choice.h"
#include "staronnx/base/result.h"
#include "staronnx/machine/machine.h"

namespace staronnx::apps {

// This process goes on as the simulator of the machine; does not return but for a failure.
Error become_simulator(const SimulateChoice& choice, const Machine& machine);

// Another process is the simulator; waits for what it prints with --json. Fails as it does.
Result<nlohmann::json> simulated(SimulateChoice choice, const Machine& machine);

}  // namespace staronnx::apps
