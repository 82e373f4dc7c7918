// The time that the program lives in: real, and steady. In the simulator it is virtual and passes when nobody has anything left to do at a
// moment; the program, not the caller, decides which of the two now() is.
#pragma once

#include <chrono>

namespace staronnx {

struct Clock {
  using duration = std::chrono::steady_clock::duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::steady_clock::time_point;  // so whatever waits until one of those waits until one of these
  static constexpr bool is_steady = true;

  // Thread-safe. Defined once in each program: in clock.cpp, or for the simulator in simulate/virtual_time.cpp.
  static time_point now() noexcept;
};

}  // namespace staronnx
