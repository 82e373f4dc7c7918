// How the gRPC front end listens.
#pragma once

#include <cstdint>
#include <string>

#include "staronnx/serve/restrictions.h"
#include "staronnx/serve/tls_options.h"

namespace staronnx {

struct GrpcOptions {
  std::string address = "127.0.0.1";  // an IP address or a host's name
  std::uint16_t port = 8001;          // 0: the system picks one
  TlsOptions tls = {};
  Restrictions restrictions = {};  // of which for_grpc() holds
  int max_streams = 16384;         // calls at a time on one connection; others wait with the client
};

}  // namespace staronnx
