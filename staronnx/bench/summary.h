// One system's result over all seeds.
#pragma once

#include <optional>
#include <vector>

#include "staronnx/bench/comparison.h"
#include "staronnx/bench/spread.h"

namespace staronnx {

// All points of one rate, or of one number in flight.
struct CurvePoint {
  double rate_per_s = 0;  // of a closed loop the median of what came out
  int in_flight = 0;
  std::size_t points = 0, held = 0;
  Spread served_per_s, good_per_s;
  std::optional<Spread> p50_ms, p90_ms, p95_ms, p99_ms, tail_ms;  // of the points with any answer
};

// Nothing where it was not measured.
struct SystemSummary {
  std::optional<Spread> lone_p50_ms, saturated_per_s, threshold_per_s;
  bool generator_limited = false;  // at any seed
  std::vector<CurvePoint> curve;   // by rate
};

SystemSummary summary_of(const SystemResult& system);

}  // namespace staronnx
