// One request of ours to another server, and its answer. Private to this room.
#pragma once

#include <boost/asio/ssl/context.hpp>
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

// Posts JSON, on a connection of its own, encrypted unless `tls` is null. Fails (unavailable) when the other end is not who it should be, and when
// no answer is there after `limit`; a stop shortens that to a second.
Result<HttpPosted> http_post(const CollectorAddress& address, boost::asio::ssl::context* tls, const std::string& json,
                             Seconds limit, const std::stop_token& stop);

}  // namespace staronnx
