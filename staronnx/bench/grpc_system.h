// A model behind a server of the KServe v2 protocol over gRPC. Calls travel over several channels, in turn, each with many at once. The thread
// that submits sends; one thread of the system's own takes the answers, which are not looked into.
#pragma once

#include <memory>
#include <string>

#include "staronnx/bench/remote_model.h"
#include "staronnx/bench/server_address.h"

namespace staronnx {

// UNAVAILABLE and RESOURCE_EXHAUSTED of a server that is connected are unavailable, DEADLINE_EXCEEDED is deadline_exceeded, all others are internal, with
// the server's message. The deadline goes as a parameter, not as gRPC's own: who is late is told so. Fails when nobody listens at
// the address.
Result<std::unique_ptr<System>> grpc_system(const ServerAddress& address, const std::string& model, const Signature& signature,
                                            const Requests& requests, const RemoteOptions& options);

}  // namespace staronnx
