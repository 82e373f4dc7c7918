// How long requests wait for others to run with as one batch although a processor is idle, where the user wants that: until a batch is complete,
// or the oldest of them has waited for long enough, or the nearest deadline is as near as that. Pure.
#pragma once

#include <cstddef>
#include <vector>

#include "staronnx/base/deadline.h"
#include "staronnx/base/units.h"

namespace staronnx {

class BatchWait {
 public:
  // `most`: for the oldest. `preferred`: sizes of batches that are complete, in rows; none: `largest`, which is what can run as one. With a
  // `largest` of 1 nobody waits.
  BatchWait(Microseconds most, const std::vector<std::size_t>& preferred, std::size_t largest);

  bool on() const { return !sizes_.empty(); }

  // Only when on. When what waits starts: so many rows, the oldest of which came at `oldest`, and the nearest deadline of all. In the past
  // when a batch is complete.
  Clock::time_point start(std::size_t rows, Clock::time_point oldest, Deadline nearest) const;

  // How many of them start together then.
  std::size_t batch(std::size_t rows) const;

 private:
  Clock::duration most_{};
  std::vector<std::size_t> sizes_;  // ascending; none: off
};

}  // namespace staronnx
