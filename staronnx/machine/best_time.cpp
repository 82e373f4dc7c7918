#include "staronnx/machine/best_time.h"

#include <algorithm>

#include "staronnx/base/deadline.h"

namespace staronnx {

Result<Microseconds> best_time(Microseconds enough, const std::function<Status()>& run) {
  constexpr int fewest = 4;
  Microseconds best = Microseconds::max();
  const Deadline deadline = Deadline::after(enough, Clock::now());
  for (int runs = 0; runs < fewest || !deadline.passed(Clock::now()); ++runs) {
    const Clock::time_point begin = Clock::now();
    if (Status done = run(); !done) return done.error();
    best = std::min<Microseconds>(best, Clock::now() - begin);
  }
  return best;
}

}  // namespace staronnx
