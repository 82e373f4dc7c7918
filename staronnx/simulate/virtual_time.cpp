#include "staronnx/simulate/virtual_time.h"

#include <starpu.h>

namespace staronnx {

Clock::time_point Clock::now() noexcept {
  return time_point(std::chrono::duration_cast<duration>(Microseconds(starpu_timing_now())));
}

void pass(Microseconds time) {
  if (time > Microseconds(0)) starpu_sleep(static_cast<float>(Seconds(time).count()));
}

void VirtualLoadClock::sleep_until(Clock::time_point moment) {
  pass(moment - now());
}

}  // namespace staronnx
