#include "staronnx/serve/grpc_server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <boost/asio/ip/tcp.hpp>
#include <climits>

#include "staronnx/base/read_file.h"
#include "staronnx/serve/grpc_service.h"
#include "staronnx/serve/listen_address.h"
#include "staronnx/serve/tls_context.h"

namespace staronnx {
namespace {

using boost::asio::ip::tcp;

// Clients ping idle connections as often as they were told to; that is no reason to close them.
void take_pings(grpc::ServerBuilder& builder) {
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0);
}

// gRPC itself would only log what is wrong with the files; so OpenSSL is asked first.
Result<std::shared_ptr<grpc::ServerCredentials>> credentials_of(const TlsOptions& tls) {
  if (!tls.on) return grpc::InsecureServerCredentials();
  if (const auto checked = tls_context(tls, "grpc"); !checked) return checked.error();
  grpc::SslServerCredentialsOptions options(tls.mutual ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                                                       : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  options.pem_key_cert_pairs.push_back({read_file(tls.key).value_or(""), read_file(tls.certificate).value_or("")});
  if (tls.mutual) options.pem_root_certs = read_file(tls.root).value_or("");
  return grpc::SslServerCredentials(options);
}

}  // namespace

struct GrpcServer::State {
  State(Server& server, const Restrictions& restrictions)
      : gate(server.log(), restrictions.for_grpc()), service(server, gate), health(server, gate) {}

  const GrpcGate gate;
  GrpcService service;
  GrpcHealth health;
  tcp::endpoint local;
  std::unique_ptr<grpc::Server> listening;
};

Result<std::unique_ptr<GrpcServer>> GrpcServer::start(Server& server, const GrpcOptions& options) {
  const Result<tcp::endpoint> wanted = listen_address(options.address, options.port, "grpc");  // gRPC would not say why
  if (!wanted) return wanted.error();
  const Result<std::shared_ptr<grpc::ServerCredentials>> credentials = credentials_of(options.tls);
  if (!credentials) return credentials.error();
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  auto state = std::make_unique<State>(server, options.restrictions);
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(to_string(*wanted), *credentials, &port);
  builder.SetMaxReceiveMessageSize(INT_MAX);
  builder.SetMaxSendMessageSize(INT_MAX);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  take_pings(builder);
  builder.RegisterService(&state->service);
  builder.RegisterService(&state->health);
  state->listening = builder.BuildAndStart();
  if (state->listening == nullptr || port == 0)
    return Error{ErrorCode::unavailable,
                 "gRPC cannot listen at " + to_string(*wanted) + "; choose another --grpc-port or --grpc-address"};
  state->local = tcp::endpoint(wanted->address(), static_cast<std::uint16_t>(port));
  return std::make_unique<GrpcServer>(std::move(state));
}

GrpcServer::GrpcServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

GrpcServer::~GrpcServer() {
  drain(Deadline{Clock::now()});
}

std::string GrpcServer::address() const {
  return to_string(state_->local);
}

std::uint16_t GrpcServer::port() const {
  return state_->local.port();
}

bool GrpcServer::loopback() const {
  return state_->local.address().is_loopback();
}

void GrpcServer::drain(Deadline deadline) {
  const auto left = std::min<Clock::duration>(deadline.at - Clock::now(), std::chrono::hours(24 * 365));
  state_->listening->Shutdown(std::chrono::system_clock::now() + left);
}

}  // namespace staronnx
