// Timing of something short; private to this room.
#pragma once

#include <functional>

#include "staronnx/base/result.h"
#include "staronnx/base/units.h"

namespace staronnx {

// The shortest of at least four runs, and of more until `enough` has passed. The first error of `run` ends it.
Result<Microseconds> best_time(Microseconds enough, const std::function<Status()>& run);

}  // namespace staronnx
