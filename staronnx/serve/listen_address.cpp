#include "staronnx/serve/listen_address.h"

#include <boost/asio/io_context.hpp>
#include <sstream>

namespace staronnx {

using boost::asio::ip::tcp;

Result<tcp::endpoint> listen_address(const std::string& address, std::uint16_t port, const std::string& flags) {
  boost::asio::io_context context;
  tcp::resolver resolver(context);
  boost::system::error_code failure;
  const auto found = resolver.resolve(address, std::to_string(port), tcp::resolver::passive, failure);
  if (failure || found.empty())
    return Error{ErrorCode::invalid_argument, "--" + flags + "-address " + address + ": " + failure.message()};
  return found.begin()->endpoint();
}

std::string to_string(const tcp::endpoint& endpoint) {
  std::ostringstream text;
  text << endpoint;
  return text.str();
}

}  // namespace staronnx
