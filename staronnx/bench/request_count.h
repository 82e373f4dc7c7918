// How many requests are unanswered, and waiting until they are few.
#pragma once

#include <condition_variable>
#include <mutex>

namespace staronnx {

// Thread-safe.
class RequestCount {
 public:
  void begin();
  void end();
  void wait_below(int count);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int unanswered_ = 0;
};

}  // namespace staronnx
