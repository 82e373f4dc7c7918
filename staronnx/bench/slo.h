// The limit that latencies are to keep.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "staronnx/base/result.h"
#include "staronnx/base/units.h"

namespace staronnx {

constexpr double kDefaultSlo = 5;

// Of a percentile of the latencies.
struct Slo {
  double times_lone = kDefaultSlo;         // of the smallest lone p50 of all systems
  std::optional<Milliseconds> fixed = {};  // instead
};

// "80", "80ms", "0.08s": a time; "3x": times the lone latency. Refuses all else, and what is not positive.
Result<Slo> parse_slo(std::string_view text);

}  // namespace staronnx
