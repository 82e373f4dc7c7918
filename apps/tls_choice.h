// The options by which a user has a protocol's connections encrypted; under Triton's names.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "staronnx/serve/tls_options.h"

namespace staronnx::apps {

// Adds --grpc-use-ssl, --grpc-server-cert, --grpc-server-key, --grpc-use-ssl-mutual and --grpc-root-cert for the protocol "grpc".
void add_tls(CLI::App& verb, const std::string& protocol, TlsOptions& options);

}  // namespace staronnx::apps
