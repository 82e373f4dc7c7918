#include "staronnx/serve/grpc_certificates.h"

#include <grpc/grpc.h>

#include <utility>

#include "staronnx/base/read_file.h"
#include "staronnx/serve/tls_context.h"

namespace staronnx {
namespace {

// gRPC's C++ library has no word for certificates that change, its C library has.
class ChangingCredentials final : public grpc::ServerCredentials {
 public:
  // Takes ownership.
  explicit ChangingCredentials(grpc_server_credentials* credentials) : credentials_(credentials) {}
  ~ChangingCredentials() override { grpc_server_credentials_release(credentials_); }
  ChangingCredentials(const ChangingCredentials&) = delete;
  ChangingCredentials& operator=(const ChangingCredentials&) = delete;

  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>& /*processor*/) override {}

 private:
  int AddPortToServer(const std::string& address, grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  grpc_server_credentials* const credentials_;
};

}  // namespace

// gRPC itself would only log what is wrong with the files; so OpenSSL is asked first.
Status GrpcCertificates::read() {
  if (!options_.on) return {};
  if (const auto checked = tls_context(options_, "grpc"); !checked) return checked.error();
  std::string key = read_file(options_.key).value_or("");
  std::string certificate = read_file(options_.certificate).value_or("");
  std::string root = options_.mutual ? read_file(options_.root).value_or("") : "";
  const std::lock_guard lock(mutex_);
  fresh_ = true;
  key_ = std::move(key);
  certificate_ = std::move(certificate);
  root_ = std::move(root);
  return {};
}

// Asked for each connection.
grpc_ssl_certificate_config_reload_status GrpcCertificates::fetch(void* self, grpc_ssl_server_certificate_config** config) {
  auto& certificates = *static_cast<GrpcCertificates*>(self);
  const std::lock_guard lock(certificates.mutex_);
  if (!std::exchange(certificates.fresh_, false)) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
  const grpc_ssl_pem_key_cert_pair pair{certificates.key_.c_str(), certificates.certificate_.c_str()};
  // gRPC insists on roots, and does not look at them when clients need no certificate.
  const std::string& root = certificates.options_.mutual ? certificates.root_ : certificates.certificate_;
  *config = grpc_ssl_server_certificate_config_create(root.c_str(), &pair, 1);
  return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
}

std::shared_ptr<grpc::ServerCredentials> GrpcCertificates::credentials() {
  if (!options_.on) return grpc::InsecureServerCredentials();
  const auto clients =
      options_.mutual ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE;
  grpc_init();  // the credentials may be the process's first of gRPC
  grpc_server_credentials* credentials = grpc_ssl_server_credentials_create_with_options(
      grpc_ssl_server_credentials_create_options_using_config_fetcher(clients, &GrpcCertificates::fetch, this));
  auto owned = std::make_shared<ChangingCredentials>(credentials);
  grpc_shutdown();  // `owned` has its own share of it
  return owned;
}

}  // namespace staronnx
