// What Prometheus reads from the server: Triton's metrics by their names, and StarONNX's own beside them (staronnx_*). Thread-safe.
#pragma once

#include <mutex>
#include <string>

#include "staronnx/machine/other_load.h"
#include "staronnx/serve/catalog.h"
#include "staronnx/serve/tracer.h"

namespace staronnx {

class Metrics {
 public:
  // `catalog` and `tracer` outlive the metrics.
  Metrics(const Catalog& catalog, const Tracer& tracer);

  // In Prometheus' text format. How busy the machine's cores were is said of the time since the last call.
  std::string text();

  static constexpr const char* kContentType = "text/plain; version=0.0.4; charset=utf-8";

 private:
  double cores_busy();  // 0..1

  const Catalog& catalog_;
  const Tracer& tracer_;
  std::mutex mutex_;  // guards last_
  ProcessorTime last_;
};

}  // namespace staronnx
