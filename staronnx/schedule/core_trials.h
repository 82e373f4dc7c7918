// What segments take on cores, tried at load: the plan was perhaps made while others used them, and a group that looks slow gets no tasks, so that
// nobody learns that it is not. Serving from such a plan, two cores that looked slower than one, made SqueezeNet's and MiniLM's lone requests
// take 1.4 and 2 times as long.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "staronnx/base/units.h"
#include "staronnx/execute/engine.h"
#include "staronnx/plan/plan.h"

namespace staronnx {

// By segment of a variant, whose `executors` are those of `group`: the least that it took in up to three runs of a random request, fewer where
// those take a tenth of a second together. Infinite where it is not known with what to try the model, or it fails. Blocks; runs on a thread of
// its own, pinned as the group's worker is.
std::vector<Microseconds> tried_on_cores(const Plan& plan, std::span<const std::shared_ptr<Executor>> executors,
                                         const CoreGroup& group);

}  // namespace staronnx
