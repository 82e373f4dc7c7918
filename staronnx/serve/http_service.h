// What each endpoint of the protocol answers over HTTP. Private to this room.
#pragma once

#include <cstddef>

#include "staronnx/serve/http_handler.h"
#include "staronnx/serve/http_route.h"
#include "staronnx/serve/request_path.h"
#include "staronnx/serve/server.h"

namespace staronnx {

// Thread-safe.
class HttpService final : public HttpHandler {
 public:
  // `server` outlives the service. `max_body`: bytes of a body, unpacked.
  HttpService(Server& server, std::size_t max_body) : server_(server), max_body_(max_body) {}

  RunningInference handle(HttpRequest request, Answered answered) override;

 private:
  HttpAnswer answer(const HttpRoute& route, const HttpRequest& request);
  HttpAnswer shared_memory_answer(const HttpRoute& route, const HttpRequest& request);
  HttpAnswer model_answer(const HttpRoute& route);
  HttpAnswer log_settings_answer(const HttpRequest& request);
  HttpAnswer index_answer(const HttpRequest& request);
  void load(const HttpRoute& route, const HttpRequest& request, Answered answered);
  HttpAnswer unload_answer(const HttpRoute& route, const HttpRequest& request);
  RunningInference infer(const HttpRoute& route, HttpRequest request, Answered answered);
  HttpAnswer refusal(const HttpRoute& route, const Error& error);

  Server& server_;
  const std::size_t max_body_;
};

}  // namespace staronnx
