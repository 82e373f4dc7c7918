// Virtual time, which the simulating program lives in: it passes while an actor waits, and not while it computes.
#pragma once

#include "staronnx/base/units.h"
#include "staronnx/bench/load_clock.h"

namespace staronnx {

// The calling actor has something to do for so long.
void pass(Microseconds time);

class VirtualLoadClock final : public LoadClock {
 public:
  Clock::time_point now() const override { return Clock::now(); }
  void sleep_until(Clock::time_point moment) override;
};

}  // namespace staronnx
