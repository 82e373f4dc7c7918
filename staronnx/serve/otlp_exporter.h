// Traces to OpenTelemetry's collector, over HTTP. Private to this room.
#pragma once

#include <string>

#include "staronnx/serve/trace_options.h"
#include "staronnx/serve/trace_sink.h"

namespace staronnx {

// Traces that the collector does not take now are sent again a few times, at growing intervals.
class OtlpExporter final : public TraceSink {
 public:
  explicit OtlpExporter(CollectorOptions options) : options_(std::move(options)) {}

  TraceLoss write(Traces traces, const std::stop_token& stop) override;

 private:
  const CollectorOptions options_;
};

}  // namespace staronnx
