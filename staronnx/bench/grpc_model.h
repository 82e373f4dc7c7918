// Asks a server of the KServe v2 protocol over gRPC about a model. Blocks.
#pragma once

#include <string>

#include "staronnx/bench/server_address.h"
#include "staronnx/bench/server_statistics.h"
#include "staronnx/model/signature.h"

namespace staronnx {

// Both fail, naming the address, when nobody answers there within ten seconds, or not with what the protocol says.
Result<Signature> grpc_signature(const ServerAddress& address, const std::string& model);
Result<ServerStatistics> grpc_statistics(const ServerAddress& address, const std::string& model);

}  // namespace staronnx
