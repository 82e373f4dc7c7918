// How much longer answers take than was forecast, learnt from them: of batches and transfers a forecast knows only the costs. Pure.
#pragma once

#include <algorithm>

#include "staronnx/base/units.h"

namespace staronnx {

class ForecastError {
 public:
  // One answer counts as three times what was forecast at most.
  void answered(Microseconds forecast, Microseconds took) {
    constexpr double kWeight = 1.0 / 16, kMost = 3;
    ratio_ += kWeight * (std::min(took / forecast, kMost) - ratio_);
  }

  // Never less than what was forecast.
  Microseconds corrected(Microseconds forecast) const { return std::max(ratio_, 1.0) * forecast; }

 private:
  double ratio_ = 1;  // an average over about the last 16
};

}  // namespace staronnx
