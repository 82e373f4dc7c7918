// How many requests are unanswered, and waiting until they are few.
#pragma once

#include "staronnx/schedule/threads.h"

namespace staronnx {

// Thread-safe.
class RequestCount {
 public:
  void begin();
  void end();
  void wait_below(int count);

 private:
  Mutex mutex_;
  Condition changed_;
  int unanswered_ = 0;
};

}  // namespace staronnx
