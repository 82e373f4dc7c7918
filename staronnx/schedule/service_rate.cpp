#include "staronnx/schedule/service_rate.h"

namespace staronnx {

void ServiceRate::finished(Clock::time_point now, bool others_wait) {
  constexpr double kWeight = 1.0 / 16;
  if (busy_) {
    const Microseconds interval = now - last_;
    interval_ += (interval_.count() > 0 ? kWeight : 1) * (interval - interval_);
  }
  busy_ = others_wait;
  last_ = now;
}

}  // namespace staronnx
