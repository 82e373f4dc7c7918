#include "staronnx/bench/remote_model.h"

#include "staronnx/bench/grpc_model.h"
#include "staronnx/bench/grpc_system.h"
#include "staronnx/bench/http_model.h"
#include "staronnx/bench/http_system.h"
#include "staronnx/bench/server_address.h"

namespace staronnx {

Result<Signature> remote_signature(const std::string& url, const std::string& model) {
  const Result<ServerAddress> address = server_address(url);
  if (!address) return address.error();
  return address->protocol == Protocol::http ? http_signature(*address, model) : grpc_signature(*address, model);
}

Result<std::unique_ptr<System>> remote_system(const std::string& url, const std::string& model, const Signature& signature,
                                              const Requests& requests, const RemoteOptions& options) {
  const Result<ServerAddress> address = server_address(url);
  if (!address) return address.error();
  return address->protocol == Protocol::http ? http_system(*address, model, signature, requests, options)
                                             : grpc_system(*address, model, signature, requests, options);
}

}  // namespace staronnx
