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
  // The workers of one after the other are the runtime's first places.
  GpuTurns(std::size_t gpus, std::size_t workers_of_each) : workers_of_each_(workers_of_each), last_end_(gpus) {}

  // Of a run that was put into the stream of the worker at `place` at `begin` and has ended at `end`: without the time for which it waited for those
  // before it on the GPU. In other places nobody waits.
  Microseconds took(std::size_t place, Clock::time_point begin, Clock::time_point end) {
    const std::size_t gpu = place / workers_of_each_;
    return gpu < last_end_.size() ? end - std::max(begin, std::min(end, last_end_[gpu].exchange(end))) : end - begin;
  }

 private:
  const std::size_t workers_of_each_;
  std::vector<std::atomic<Clock::time_point>> last_end_;
};

}  // namespace staronnx
