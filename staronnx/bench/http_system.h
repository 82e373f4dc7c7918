// A model behind a server of the KServe v2 protocol over HTTP. Requests travel over many connections, each with one at a time; they are opened
// when needed and kept. The thread that submits sends; one thread of the system's own reads the answers.
#pragma once

#include <memory>
#include <string>

#include "staronnx/bench/remote_model.h"
#include "staronnx/bench/server_address.h"

namespace staronnx {

// Requests beyond the connections wait for a free one, in order of arrival. 503 and 429 are unavailable, other refusals internal, with the
// server's message. Fails when nobody listens at the address.
Result<std::unique_ptr<System>> http_system(const ServerAddress& address, const std::string& model, const Signature& signature,
                                            const Requests& requests, const RemoteOptions& options);

}  // namespace staronnx
