// The moment after which an answer is worthless. A deadline is passed on whole, unlike a timeout, which each stage would shorten.
#pragma once

#include <chrono>
#include <compare>

#include "staronnx/base/clock.h"
#include "staronnx/base/units.h"

namespace staronnx {

struct Deadline {
  Clock::time_point at = Clock::time_point::max();

  static constexpr Deadline never() { return Deadline{}; }
  static Deadline after(Microseconds wait, Clock::time_point now) {
    return Deadline{now + std::chrono::duration_cast<Clock::duration>(wait)};
  }

  bool passed(Clock::time_point now) const { return now >= at; }
  auto operator<=>(const Deadline&) const = default;
};

}  // namespace staronnx
