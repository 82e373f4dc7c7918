// The HTTP front ends: KServe's protocol, version 2 (docs/serving.md), and metrics for Prometheus, each on a port of its own. HTTP/1.1.
//
//   auto http = HttpServer::start_protocol(server, {.port = 0});
//   std::cout << (*http)->url() << std::endl;
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "staronnx/base/deadline.h"
#include "staronnx/base/result.h"
#include "staronnx/serve/http_options.h"
#include "staronnx/serve/server.h"

namespace staronnx {

class HttpServer {
 public:
  // Listens, and answers from now on, on threads of its own. `server` outlives it. Fails, naming the address, when it is taken, or none of
  // this machine.
  static Result<std::unique_ptr<HttpServer>> start_protocol(Server& server, const HttpOptions& options);
  static Result<std::unique_ptr<HttpServer>> start_metrics(const Server& server, const HttpOptions& options);

  // Closes all connections at once. Inferences under way are cancelled; it waits until their models have answered them.
  ~HttpServer();

  std::string url() const;  // "http://127.0.0.1:8000", or "https:..", with the port it got
  std::uint16_t port() const;
  bool loopback() const;  // only this machine reaches it

  // Reads the certificate's files again, for connections to come. Fails, with nothing changed, as start_protocol().
  Status reload_certificates();

  // Takes no more connections, answers what is under way, and closes each connection behind it; until `deadline` at most, then fails saying
  // how many connections were left.
  Status drain(Deadline deadline);

  struct State;  // private to this room
  explicit HttpServer(std::unique_ptr<State> state);

 private:
  std::unique_ptr<State> state_;
};

}  // namespace staronnx
