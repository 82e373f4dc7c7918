// Answers Prometheus. Private to this room.
#pragma once

#include "staronnx/serve/http_handler.h"
#include "staronnx/serve/metrics.h"
#include "staronnx/serve/server.h"

namespace staronnx {

class MetricsService final : public HttpHandler {
 public:
  MetricsService(const Server& server, const Allowance& connections) : metrics_(server, connections) {}

  RunningInference handle(HttpRequest request, Answered answered) override;  // GET /metrics

 private:
  Metrics metrics_;
};

}  // namespace staronnx
