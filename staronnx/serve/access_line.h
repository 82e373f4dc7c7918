// What the log says of each request at verbose level 1. Private to this room.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "staronnx/base/deadline.h"
#include "staronnx/serve/log.h"

namespace staronnx {

// A request whose line is to be written when it is answered; made where requests come in.
struct AccessLine {
  std::string_view protocol;  // "HTTP"
  std::string method = {};    // of HTTP
  std::string what = {};      // an HTTP path, or the name of a call of gRPC
  std::string model = {};     // where `what` does not name it
  std::string request_id = {};
  Clock::time_point begin = Clock::now();

  // `status`: of the protocol, as its people know it; empty: nobody was there to be answered.
  void write(Log& log, std::string_view status) const;
};

// Nothing when such lines are not written: then `make` is not called.
template <class Make>
std::optional<AccessLine> access_line(const Log& log, const Make& make) {
  if (!log.writes(LogLevel::verbose)) return std::nullopt;
  return make();
}

}  // namespace staronnx
