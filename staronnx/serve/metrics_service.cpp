#include "staronnx/serve/metrics_service.h"

namespace staronnx {

RunningInference MetricsService::handle(HttpRequest request, Answered answered) {
  if (request.target.substr(0, request.target.find('?')) != "/metrics") {
    answered(error_answer(404, "metrics are at /metrics"));
  } else if (request.method != "GET") {
    answered(error_answer(405, "/metrics takes GET"));
  } else {
    HttpAnswer answer{200, metrics_.text(), Metrics::kContentType};
    answer.encoding = accepted_encoding(request.accept_encoding);
    answered(std::move(answer));
  }
  return {};
}

}  // namespace staronnx
