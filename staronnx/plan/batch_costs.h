// What segments cost when several requests run as one; private to this room.
#pragma once

#include <filesystem>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/execute/engine.h"
#include "staronnx/machine/machine.h"
#include "staronnx/plan/compile.h"
#include "staronnx/plan/plan.h"
#include "staronnx/plan/segment_costs.h"
#include "staronnx/plan/study.h"

namespace staronnx {

// Fills in Segment::batched for batches of 2, 4, 8.. while a larger batch still makes requests cheaper and `request.budget` lasts (what
// the cache knows costs nothing of it). Leaves it empty for models whose requests cannot be batched; stops at a batch that a segment's
// provider cannot run.
Status measure_batches(const Machine& machine, Engine& engine, const Study& study, const CompileRequest& request,
                       const std::filesystem::path& directory, SegmentCosts& costs, std::vector<Variant>& variants);

}  // namespace staronnx
