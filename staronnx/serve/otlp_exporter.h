// Traces to OpenTelemetry's collector, over HTTP. Private to this room.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <optional>

#include "staronnx/base/result.h"
#include "staronnx/serve/trace_options.h"
#include "staronnx/serve/trace_sink.h"

namespace staronnx {

// Traces that the collector does not take now are sent again a few times, at growing intervals.
class OtlpExporter final : public TraceSink {
 public:
  // Fails, naming it, when the file of authorities cannot be read.
  static Result<std::unique_ptr<OtlpExporter>> open(const CollectorOptions& options);
  OtlpExporter(CollectorOptions options, std::optional<boost::asio::ssl::context> tls)
      : options_(std::move(options)), tls_(std::move(tls)) {}

  TraceLoss write(Traces traces, const std::stop_token& stop) override;

 private:
  const CollectorOptions options_;
  std::optional<boost::asio::ssl::context> tls_;  // nothing: no encryption
};

}  // namespace staronnx
