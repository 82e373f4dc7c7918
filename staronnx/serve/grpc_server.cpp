#include "staronnx/serve/grpc_server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <climits>
#include <optional>
#include <thread>

#include "staronnx/serve/grpc_certificates.h"
#include "staronnx/serve/grpc_health.h"
#include "staronnx/serve/grpc_queue.h"
#include "staronnx/serve/grpc_service.h"
#include "staronnx/serve/listen_address.h"

namespace staronnx {
namespace {

using boost::asio::ip::tcp;

// gRPC itself needs some of it.
constexpr std::uint64_t kLeastQuota = 64ULL << 20U;

// For messages that are still coming: beyond it gRPC ends calls. With a limit of 100 MiB and 40 streams that stall 40 MB into a message each, the
// server had 180 MB; without a limit 900.
void limit_memory(grpc::ServerBuilder& builder, const Allowance& bytes) {
  grpc::ResourceQuota quota("requests");
  builder.SetResourceQuota(quota.Resize(std::max(bytes.most(), kLeastQuota)));
}

// Threads that wait for events. With one, large tensors wait for one another, as each is received and copied there: of 600 kB 0.64 and 0.67 of
// the bare echo's bytes per second in two runs, instead of 0.85 and 0.79 with two; and a request with 16 floats took no less processor time (198 and
// 172 us, instead of 184 and 158). On two cores, other programs busy beside. More for many cores: with two, they take 0.1 ms of a request.
constexpr unsigned kLeastThreads = 2;
constexpr unsigned kCoresOfAThread = 4;

// Clients ping idle connections as often as they were told to; that is no reason to close them.
void take_pings(grpc::ServerBuilder& builder) {
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0);
}

}  // namespace

struct GrpcServer::State {
  State(Server& server, const GrpcOptions& options)
      : certificates(options.tls),
        gate(server.log(), options.restrictions.for_grpc()),
        service(server, gate),
        health(server, gate) {}

  GrpcCertificates certificates;
  const GrpcGate gate;
  GrpcService service;
  GrpcHealth health;
  tcp::endpoint local;
  std::optional<GrpcQueue> queue;
  std::unique_ptr<grpc::Server> listening;
};

Result<std::unique_ptr<GrpcServer>> GrpcServer::start(Server& server, const GrpcOptions& options) {
  const Result<tcp::endpoint> wanted = listen_address(options.address, options.port, "grpc");  // gRPC would not say why
  if (!wanted) return wanted.error();
  auto state = std::make_unique<State>(server, options);
  if (Status read = state->certificates.read(); !read) return read.error();
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(to_string(*wanted), state->certificates.credentials(), &port);
  builder.SetMaxReceiveMessageSize(INT_MAX);
  builder.SetMaxSendMessageSize(INT_MAX);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, options.max_streams);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  limit_memory(builder, server.bytes_in_flight());
  take_pings(builder);
  builder.RegisterService(&state->service);
  builder.RegisterService(&state->health);
  state->queue.emplace(builder);
  state->listening = builder.BuildAndStart();
  if (state->listening == nullptr || port == 0)
    return Error{ErrorCode::unavailable,
                 "gRPC cannot listen at " + to_string(*wanted) + "; choose another --grpc-port or --grpc-address"};
  state->service.begin(*state->queue);
  state->health.begin(*state->queue);
  state->queue->start(std::max(kLeastThreads, std::thread::hardware_concurrency() / kCoresOfAThread));
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

Status GrpcServer::reload_certificates() {
  return state_->certificates.read();
}

void GrpcServer::drain(Deadline deadline) {
  state_->health.end();  // nobody waits for them
  const auto left = std::min<Clock::duration>(deadline.at - Clock::now(), std::chrono::hours(24 * 365));
  state_->listening->Shutdown(std::chrono::system_clock::now() + left);
  state_->queue->end();
}

}  // namespace staronnx
