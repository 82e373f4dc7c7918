// What a plan will do on a machine, before it runs; private to this room and its benchmarks, but for kHandover and
// `staronnx advise`.
#pragma once

#include <optional>

#include "staronnx/machine/machine.h"
#include "staronnx/plan/plan.h"

namespace staronnx {

// What the pipeline adds to each segment of a request (33 to 42 us in quiet runs: pipeline_bench, docs/performance.md).
constexpr Microseconds kHandover{35};

// From the segments' times: the machine's bound over every variant and every way to give its segments processors, and for each variant,
// on groups of each measured width, latency against rate and the congestion threshold by the formulas of queueing.h. `slo`: the limit on
// p99, five times the shortest lone latency unless given. A GPU's times are those of one core divided by its speed, transfers by the
// machine's links; `estimates` then says so. Fails when the machine's GPUs lack speeds or links.
Result<Prediction> predict(const Plan& plan, const Machine& machine, std::optional<Microseconds> slo);

}  // namespace staronnx
