#include "staronnx/schedule/batch_wait.h"

#include <algorithm>

namespace staronnx {

BatchWait::BatchWait(Microseconds most, const std::vector<std::size_t>& preferred, std::size_t largest)
    : most_(std::chrono::duration_cast<Clock::duration>(most)) {
  if (most_ <= Clock::duration::zero() || largest <= 1) return;
  for (const std::size_t size : preferred) sizes_.push_back(std::min(size, largest));
  if (sizes_.empty()) sizes_.push_back(largest);
  std::ranges::sort(sizes_);
}

Clock::time_point BatchWait::start(std::size_t rows, Clock::time_point oldest, Deadline nearest) const {
  if (rows >= sizes_.front()) return Clock::time_point::min();
  return std::min(oldest, nearest.at - 2 * most_) + most_;
}

std::size_t BatchWait::batch(std::size_t rows) const {
  const auto beyond = std::ranges::upper_bound(sizes_, rows);
  return beyond == sizes_.begin() ? rows : *std::prev(beyond);
}

}  // namespace staronnx
