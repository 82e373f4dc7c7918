#include "staronnx/serve/access_line.h"

#include <chrono>

namespace staronnx {

void AccessLine::write(Log& log, std::string_view status) const {
  const std::int64_t taken = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin).count();
  log.write(LogLevel::verbose, status.empty() ? "client gone" : "answered",
            {{"protocol", protocol},
             {"method", method},
             {protocol == "gRPC" ? "rpc" : "path", what},
             {"status", status},
             {"microseconds", taken},
             {"model", model},
             {"request_id", request_id}});
}

}  // namespace staronnx
