// What segments take on GPUs and nodes is not in the plan: random requests try it out before others come.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "staronnx/model/tensor.h"
#include "staronnx/plan/plan.h"
#include "staronnx/schedule/prepared_variant.h"
#include "staronnx/schedule/runtime_state.h"

namespace staronnx {

// A request of the shapes that the plan was measured with, another for each `number`; nothing when it is not known with what to try the model.
std::optional<std::vector<Tensor>> trial_request(const Plan& plan, unsigned number);

// Runs every variant on each of those workers alone: three requests one by one, which also ready a GPU's libraries, then as many that are
// stacked, for batches of 2, 4, 8.. while a larger one still makes requests cheaper, where the plan says that they may be batched. Where two
// together get other results than one by one there are no batches, and a note says so. A model that is not known how to try keeps what was planned
// for cores, and runs in no batches there. Blocks; not on a worker.
void try_out(Runtime::State& runtime, const Plan& plan, std::span<const PreparedVariant> variants,
             std::vector<std::string>& notes);

}  // namespace staronnx
