// What Prometheus reads from the server: Triton's metrics by their names, and StarONNX's own beside them (staronnx_*). Thread-safe.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "staronnx/machine/gpu_monitor.h"
#include "staronnx/machine/other_load.h"
#include "staronnx/serve/allowance.h"
#include "staronnx/serve/server.h"

namespace staronnx {

class Metrics {
 public:
  // `server` and `connections`, those over HTTP, outlive the metrics.
  Metrics(const Server& server, const Allowance& connections);

  // In Prometheus' text format. How busy the machine's cores were is said of the time since the last call.
  std::string text();

  static constexpr const char* kContentType = "text/plain; version=0.0.4; charset=utf-8";

 private:
  double cores_busy();  // 0..1

  const Server& server_;
  const Allowance& connections_;
  const std::unique_ptr<GpuMonitor> gpus_;  // null: there are none
  std::mutex mutex_;                        // guards last_
  ProcessorTime last_;
};

}  // namespace staronnx
