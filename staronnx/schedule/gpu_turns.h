// What a run takes on a GPU, whose workers' runs take turns.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <vector>

#include "staronnx/base/deadline.h"
#include "staronnx/base/units.h"

namespace staronnx {

// Thread-safe.
class GpuTurns {
 public:
  explicit GpuTurns(std::size_t gpus) : last_end_(gpus) {}

  // Of a run that was put into a stream of the GPU at `begin` and has ended at `end`: without the time for which it waited for those before it.
  Microseconds took(std::size_t gpu, Clock::time_point begin, Clock::time_point end) {
    return end - std::max(begin, std::min(end, last_end_[gpu].exchange(end)));
  }

 private:
  std::vector<std::atomic<Clock::time_point>> last_end_;
};

}  // namespace staronnx
