#include "staronnx/bench/request_count.h"

#include <mutex>

namespace staronnx {

void RequestCount::begin() {
  const std::lock_guard lock(mutex_);
  ++unanswered_;
}

// Notifies under the lock: a waiter may destroy this object as soon as it sees the count.
void RequestCount::end() {
  const std::lock_guard lock(mutex_);
  --unanswered_;
  changed_.notify_all();
}

void RequestCount::wait_below(int count) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return unanswered_ < count; });
}

}  // namespace staronnx
