#include "staronnx/base/clock.h"

namespace staronnx {

Clock::time_point Clock::now() noexcept {
  return std::chrono::steady_clock::now();
}

}  // namespace staronnx
