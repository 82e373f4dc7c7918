// Where a server listens, and how it is spoken to.
#pragma once

#include <string>

#include "staronnx/base/result.h"

namespace staronnx {

enum class Protocol { http, grpc };  // of KServe v2

struct ServerAddress {
  Protocol protocol = Protocol::http;
  std::string host;  // "::1" without brackets
  std::string port;
};

// "http://HOST:PORT" or "grpc://HOST:PORT"; what follows a further slash means nothing. Refuses all else.
Result<ServerAddress> server_address(const std::string& url);

std::string host_and_port(const ServerAddress& address);  // "[::1]:8000"

}  // namespace staronnx
