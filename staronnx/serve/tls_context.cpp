#include "staronnx/serve/tls_context.h"

#include <openssl/ssl.h>

#include <boost/system/error_code.hpp>
#include <string_view>

namespace staronnx {
namespace {

namespace ssl = boost::asio::ssl;

// By which clients that come back are known, where they need a certificate.
constexpr std::string_view kSessions = "staronnx";

Error refused(const std::string& option, const std::filesystem::path& file, const boost::system::error_code& failure) {
  return {ErrorCode::invalid_argument, option + " " + file.string() + ": " + failure.message() +
                                           "; it takes a PEM file, and a key without a password that belongs to " +
                                           "the certificate"};
}

}  // namespace

Result<ssl::context> tls_client_context(const std::filesystem::path& authorities) {
  ssl::context context(ssl::context::tls_client);
  boost::system::error_code failure;
  context.set_options(ssl::context::default_workarounds | ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1);
  context.set_verify_mode(ssl::verify_peer);
  authorities.empty() ? context.set_default_verify_paths(failure) : context.load_verify_file(authorities.string(), failure);
  if (failure)
    return Error{ErrorCode::invalid_argument,
                 authorities.string() + ": " + failure.message() + "; it takes a PEM file of certificates"};
  return context;
}

Result<ssl::context> tls_context(const TlsOptions& options, const std::string& flags) {
  ssl::context context(ssl::context::tls_server);
  boost::system::error_code failure;
  context.set_options(ssl::context::default_workarounds | ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1 |
                      SSL_OP_NO_RENEGOTIATION);
  // Else OpenSSL would ask the terminal.
  context.set_password_callback([](std::size_t, ssl::context::password_purpose) { return std::string(); });
  context.use_certificate_chain_file(options.certificate.string(), failure);
  if (failure) return refused("--" + flags + "-server-cert", options.certificate, failure);
  context.use_private_key_file(options.key.string(), ssl::context::pem, failure);
  if (failure) return refused("--" + flags + "-server-key", options.key, failure);
  if (!options.mutual) return context;
  context.load_verify_file(options.root.string(), failure);
  if (failure) return refused("--" + flags + "-root-cert", options.root, failure);
  context.set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert);
  SSL_CTX_set_session_id_context(context.native_handle(), reinterpret_cast<const unsigned char*>(kSessions.data()),
                                 kSessions.size());
  return context;
}

}  // namespace staronnx
