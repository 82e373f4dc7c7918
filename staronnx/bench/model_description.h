// What a server's answers over HTTP say of a model. Knows no sockets.
#pragma once

#include <string>

#include "staronnx/base/result.h"
#include "staronnx/bench/server_statistics.h"
#include "staronnx/model/signature.h"

namespace staronnx {

// Of GET /v2/models/{m}. Fails where `json` is not what the protocol says.
Result<Signature> signature_in(const std::string& json);

// Of GET /v2/models/{m}/stats, all versions together. Fails likewise.
Result<ServerStatistics> statistics_in(const std::string& json);

// A tensor as the protocol describes it, whatever carries it. Fails for a datatype that the protocol does not have.
Result<TensorInfo> described_tensor(std::string name, const std::string& datatype, Shape shape);

}  // namespace staronnx
