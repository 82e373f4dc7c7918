// Where traces go. Private to this room.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "staronnx/serve/trace_record.h"

namespace staronnx {

struct TraceLoss {
  std::uint64_t spans = 0;  // 0: none were lost
  std::string why = {};
};

// On one thread.
class TraceSink {
 public:
  virtual ~TraceSink() = default;

  // May take its time; from the stop on it should soon come to an end.
  virtual TraceLoss write(Traces traces, const std::stop_token& stop) = 0;
};

}  // namespace staronnx
