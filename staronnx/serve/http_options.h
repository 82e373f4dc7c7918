// How the HTTP front end listens, and what it takes from strangers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "staronnx/base/units.h"
#include "staronnx/serve/restrictions.h"
#include "staronnx/serve/tls_options.h"

namespace staronnx {

struct HttpOptions {
  std::string flags = "http";         // how the command's options for these begin, for error messages
  std::string address = "127.0.0.1";  // an IP address or a host's name
  std::uint16_t port = 8000;          // 0: the system picks one
  TlsOptions tls = {};
  int threads = 1;
  Bytes max_body{64ULL << 20U};  // of a request, unpacked, too
  Bytes max_header{64ULL << 10U};
  std::uint64_t max_connections = 16384;  // more are told so and closed
  Restrictions restrictions = {};
  Seconds idle{300};    // a connection without a request
  Seconds stalled{30};  // a request, or an answer, of which nothing moves
};

}  // namespace staronnx
