// What each HTTP endpoint answers; knows nothing of connections. Private to this room.
#pragma once

#include <cstddef>
#include <functional>

#include "staronnx/serve/http_message.h"
#include "staronnx/serve/http_route.h"
#include "staronnx/serve/request_path.h"
#include "staronnx/serve/server.h"

namespace staronnx {

// Thread-safe.
class HttpService {
 public:
  // Called exactly once for each request, on the calling thread or on one that answers inferences.
  using Answered = std::function<void(HttpAnswer)>;

  // `server` outlives the service. `max_body`: bytes of a body, unpacked.
  HttpService(Server& server, std::size_t max_body) : server_(server), max_body_(max_body) {}

  // Returns the inference that runs, so that it can be cancelled; none for other requests.
  RunningInference handle(HttpRequest request, Answered answered);

 private:
  HttpAnswer answer(const HttpRoute& route, const HttpRequest& request);
  HttpAnswer model_answer(const HttpRoute& route);
  HttpAnswer index_answer(const HttpRequest& request);
  HttpAnswer all_statistics();
  RunningInference infer(const HttpRoute& route, HttpRequest request, Answered answered);
  HttpAnswer refusal(const HttpRoute& route, const Error& error);

  Server& server_;
  const std::size_t max_body_;
};

}  // namespace staronnx
