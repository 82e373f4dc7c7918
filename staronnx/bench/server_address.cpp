#include "staronnx/bench/server_address.h"

#include <string_view>

namespace staronnx {

Result<ServerAddress> server_address(const std::string& url) {
  const Error refusal{ErrorCode::invalid_argument,
                      "'" + url + "' is no address of a server; write http://HOST:PORT or grpc://HOST:PORT"};
  ServerAddress address;
  std::string_view rest = url;
  if (rest.starts_with("http://")) {
    address.protocol = Protocol::http;
  } else if (rest.starts_with("grpc://")) {
    address.protocol = Protocol::grpc;
  } else {
    return refusal;
  }
  rest.remove_prefix(7);
  rest = rest.substr(0, rest.find('/'));
  const std::size_t colon = rest.rfind(':');
  if (colon == std::string_view::npos) return refusal;
  std::string_view host = rest.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  address.host = host;
  address.port = rest.substr(colon + 1);
  if (address.host.empty() || address.port.empty() || address.port.find_first_not_of("0123456789") != std::string::npos)
    return refusal;
  return address;
}

std::string host_and_port(const ServerAddress& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return (v6 ? "[" + address.host + "]" : address.host) + ":" + address.port;
}

}  // namespace staronnx
