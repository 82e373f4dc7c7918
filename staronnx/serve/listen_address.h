// Where a front end listens. Private to this room.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <string>

#include "staronnx/base/result.h"

namespace staronnx {

// `address`: an IP address or a host's name, which is looked up. `flags`: how the command's options for it begin, for error messages.
Result<boost::asio::ip::tcp::endpoint> listen_address(const std::string& address, std::uint16_t port, const std::string& flags);

std::string to_string(const boost::asio::ip::tcp::endpoint& endpoint);  // "127.0.0.1:8000"

}  // namespace staronnx
