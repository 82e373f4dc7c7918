// A variant of a plan whose segments are ready to run on every place.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/base/units.h"
#include "staronnx/execute/engine.h"
#include "staronnx/plan/plan.h"
#include "staronnx/schedule/links.h"
#include "staronnx/schedule/prepared_segment.h"
#include "staronnx/schedule/route.h"
#include "staronnx/schedule/runtime_state.h"

namespace staronnx {

// On GPUs and nodes.
constexpr int kMostInBatch = 32;

struct PreparedVariant {
  std::string name;
  Route route;
  std::vector<std::unique_ptr<PreparedSegment>> segments;
  const Links* links = nullptr;  // of the runtime
};

// Loads the variant of the plan in `directory` for all places of this process; nodes are the caller's. Adds what is to be known to `notes`
// (see Pipeline::notes()). Fails when a file does not fit the plan, naming it.
Result<PreparedVariant> prepare_variant(const Runtime::State& runtime, ExecutorFactory& engine, const Plan& plan,
                                        const std::filesystem::path& directory, const Variant& variant,
                                        std::vector<std::string>& notes);

// What moving the data takes that a segment reads from one memory to another, by the plan's sizes, and outputs of the model back to this
// process's.
Microseconds moving_time(const PreparedVariant& variant, std::size_t segment, unsigned from, unsigned to);

}  // namespace staronnx
