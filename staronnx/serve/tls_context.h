// What OpenSSL needs for connections; private to this room.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <filesystem>
#include <string>

#include "staronnx/base/result.h"
#include "staronnx/serve/tls_options.h"

namespace staronnx {

// Of a server. Reads the files. Fails, naming the option (which begins with --`flags`) and the file, when one cannot be read, or does not fit.
Result<boost::asio::ssl::context> tls_context(const TlsOptions& options, const std::string& flags);

// Of a client that trusts who has a certificate of these authorities, in a PEM file; empty: of those that the system trusts. Fails saying what
// is wrong with the file.
Result<boost::asio::ssl::context> tls_client_context(const std::filesystem::path& authorities);

}  // namespace staronnx
