// How quickly requests are answered while others wait, learnt from the answers. Pure: moments are passed in.
#pragma once

#include <cstddef>

#include "staronnx/base/deadline.h"
#include "staronnx/base/units.h"

namespace staronnx {

class ServiceRate {
 public:
  // A request was finished; `others_wait`: so that the next one was started at once.
  void finished(Clock::time_point now, bool others_wait);

  // The time in which `requests` are finished; zero while nothing is known.
  Microseconds time_for(std::size_t requests) const { return static_cast<double>(requests) * interval_; }

 private:
  Clock::time_point last_{};
  bool busy_ = false;        // since `last_`
  Microseconds interval_{};  // between two; an average over about the last 16
};

}  // namespace staronnx
