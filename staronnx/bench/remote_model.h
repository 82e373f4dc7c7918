// A model behind a server that speaks the KServe v2 protocol, over HTTP or gRPC: ours, Triton's, anybody's.
//
//   const Result<Signature> signature = remote_signature("grpc://127.0.0.1:8001", "resnet50");
//   auto system = remote_system("grpc://127.0.0.1:8001", "resnet50", *signature, requests, {});
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "staronnx/base/result.h"
#include "staronnx/bench/system.h"
#include "staronnx/model/signature.h"

namespace staronnx {

struct RemoteOptions {
  std::size_t connections = 0;                // at most; 0: 1024 over HTTP, 4 over gRPC
  std::optional<Milliseconds> deadline = {};  // goes with every request as the protocol's `timeout`, in microseconds
};

// What the server says that the model takes and gives. Blocks. Fails when `url` is no address, and, naming it, when nobody answers there,
// or not with what the protocol says.
Result<Signature> remote_signature(const std::string& url, const std::string& model);

// As the system's name the URL; its tensors travel in binary, both ways. What is sent is made beforehand, once for all requests. A server that
// answers nothing for two minutes is given up: the request failed.
Result<std::unique_ptr<System>> remote_system(const std::string& url, const std::string& model, const Signature& signature,
                                              const Requests& requests, const RemoteOptions& options);

}  // namespace staronnx
