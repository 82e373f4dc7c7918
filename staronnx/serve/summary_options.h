// Whether Prometheus is told quantiles of what requests take, and which.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "staronnx/base/result.h"

namespace staronnx {

struct Quantile {
  double at = 0.5;      // from 0 to 1
  double error = 0.05;  // of that: how far off it may be

  bool operator==(const Quantile&) const = default;
};

struct SummaryOptions {
  bool on = false;
  std::vector<Quantile> quantiles = {{0.5, 0.05}, {0.9, 0.01}, {0.95, 0.001}, {0.99, 0.001}, {0.999, 0.001}};

  // In Triton's words: "summary_latencies=true" and "summary_quantiles=0.5:0.05,0.9:0.01". invalid_argument for anything else.
  static Result<SummaryOptions> parse(std::span<const std::string> settings);
};

}  // namespace staronnx
