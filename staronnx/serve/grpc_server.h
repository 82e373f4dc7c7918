// The gRPC front end: KServe's protocol, version 2, over gRPC, with grpc.health.v1 and reflection.
//
// It uses gRPC's asynchronous interface: calls are events on a queue that a few threads serve (GrpcQueue), none of which
// waits for a computation. Messages have up to 2 GiB - 1, compressed or not, but together no more than the server holds at once (64 MiB at least);
// clients may ping as they like.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "staronnx/base/deadline.h"
#include "staronnx/base/result.h"
#include "staronnx/serve/grpc_options.h"
#include "staronnx/serve/server.h"

namespace staronnx {

class GrpcServer {
 public:
  // Listens, and answers from now on. `server` outlives it. Fails, naming the address, when it is taken, or none of this machine. One of a
  // process's first such calls also makes reflection known to all its gRPC servers.
  static Result<std::unique_ptr<GrpcServer>> start(Server& server, const GrpcOptions& options);

  // Inferences under way are cancelled; it waits until their models have answered them.
  ~GrpcServer();

  std::string address() const;  // "127.0.0.1:8001", with the port it got
  std::uint16_t port() const;
  bool loopback() const;  // only this machine reaches it

  // Reads the certificate's files again, for connections to come. Fails, with nothing changed, as start().
  Status reload_certificates();

  // Takes no more calls, and answers those under way; at `deadline` the rest are cancelled.
  void drain(Deadline deadline);

  struct State;  // private to this room
  explicit GrpcServer(std::unique_ptr<State> state);

 private:
  std::unique_ptr<State> state_;
};

}  // namespace staronnx
