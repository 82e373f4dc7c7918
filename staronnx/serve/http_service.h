// What each endpoint of the protocol answers over HTTP. Private to this room.
#pragma once

#include "staronnx/serve/http_handler.h"
#include "staronnx/serve/http_options.h"
#include "staronnx/serve/http_route.h"
#include "staronnx/serve/request_path.h"
#include "staronnx/serve/server.h"

namespace staronnx {

// Thread-safe.
class HttpService final : public HttpHandler {
 public:
  // `server` outlives the service.
  HttpService(Server& server, const HttpOptions& options)
      : server_(server), max_body_(options.max_body), restrictions_(options.restrictions) {}

  bool traces() const override { return server_.tracer().on(); }
  RunningInference handle(HttpRequest request, Answered answered) override;

 private:
  struct Call;
  const Restriction* refusing(const HttpRoute& route, const HttpRequest& request) const;  // null: none does
  HttpAnswer answer(const HttpRoute& route, const HttpRequest& request);
  HttpAnswer shared_memory_answer(const HttpRoute& route, const HttpRequest& request);
  HttpAnswer model_answer(const HttpRoute& route);
  HttpAnswer log_settings_answer(const HttpRequest& request);
  HttpAnswer trace_settings_answer(const HttpRoute& route, const HttpRequest& request);
  HttpAnswer index_answer(const HttpRequest& request);
  void load(const HttpRoute& route, const HttpRequest& request, Answered answered);
  HttpAnswer unload_answer(const HttpRoute& route, const HttpRequest& request);
  RunningInference infer(const HttpRoute& route, HttpRequest request, Answered answered);
  void reply(Call& call, HttpAnswer answer);
  void refuse(Call& call, const Error& error);
  HttpAnswer refusal(const HttpRoute& route, const Error& error);

  Server& server_;
  const Bytes max_body_;  // unpacked
  const Restrictions restrictions_;
};

}  // namespace staronnx
