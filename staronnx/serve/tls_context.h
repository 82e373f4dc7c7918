// What OpenSSL needs for the connections of a server; private to this room.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <string>

#include "staronnx/base/result.h"
#include "staronnx/serve/tls_options.h"

namespace staronnx {

// Reads the files. Fails, naming the option (which begins with --`flags`) and the file, when one cannot be read, or does not fit.
Result<boost::asio::ssl::context> tls_context(const TlsOptions& options, const std::string& flags);

}  // namespace staronnx
