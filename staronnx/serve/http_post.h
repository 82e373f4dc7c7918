// One request of ours to another server, and its answer. Private to this room.
#pragma once

#include <stop_token>
#include <string>

#include "staronnx/base/result.h"
#include "staronnx/base/units.h"
#include "staronnx/serve/trace_options.h"

namespace staronnx {

struct HttpPosted {
  unsigned status = 0;
  std::string body = {};
  Seconds retry_after{};  // as its header says
};

// Posts JSON, on a connection of its own. Fails (unavailable) when no answer is there after `limit`; a stop shortens that to a second.
Result<HttpPosted> http_post(const CollectorAddress& address, const std::string& json, Seconds limit,
                             const std::stop_token& stop);

}  // namespace staronnx
