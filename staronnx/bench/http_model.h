// Asks a server of the KServe v2 protocol over HTTP about a model. Each question has a connection of its own and blocks.
#pragma once

#include <string>

#include "staronnx/bench/server_address.h"
#include "staronnx/bench/server_statistics.h"
#include "staronnx/model/signature.h"

namespace staronnx {

// Both fail, naming the address, when nobody answers there, or not with what the protocol says.
Result<Signature> http_signature(const ServerAddress& address, const std::string& model);
Result<ServerStatistics> http_statistics(const ServerAddress& address, const std::string& model);

}  // namespace staronnx
