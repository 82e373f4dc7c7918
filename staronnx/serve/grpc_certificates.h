// The certificate of a gRPC server, which may change while the server listens. Private to this room.
#pragma once

#include <grpc/grpc_security.h>
#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <mutex>
#include <string>

#include "staronnx/base/result.h"
#include "staronnx/serve/tls_options.h"

namespace staronnx {

// Thread-safe.
class GrpcCertificates {
 public:
  explicit GrpcCertificates(TlsOptions options) : options_(std::move(options)) {}

  // For connections to come. Fails as tls_context(); then it has what it had before.
  Status read();

  // What a server listens with, after read() and once. Neither encryption nor files without TlsOptions::on. This outlives the server.
  std::shared_ptr<grpc::ServerCredentials> credentials();

 private:
  static grpc_ssl_certificate_config_reload_status fetch(void* self, grpc_ssl_server_certificate_config** config);

  const TlsOptions options_;
  std::mutex mutex_;  // guards what follows
  std::string key_, certificate_, root_;
  bool fresh_ = false;  // gRPC does not have them yet
};

}  // namespace staronnx
