#include "staronnx/serve/otlp_exporter.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "staronnx/serve/http_post.h"
#include "staronnx/serve/otlp_message.h"
#include "staronnx/serve/tls_context.h"

namespace staronnx {
namespace {

constexpr Seconds kAnswerWithin{10};  // OpenTelemetry's own
constexpr int kTries = 4;
constexpr Seconds kFirstWait{1}, kLongestWait{30};

// As OTLP has it: what is worth another try.
bool is_passing(const Result<HttpPosted>& posted) {
  return !posted || posted->status == 429 || posted->status == 502 || posted->status == 503 || posted->status == 504;
}

void wait(Seconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any nothing;
  std::unique_lock lock(mutex);
  nothing.wait_for(lock, stop, std::chrono::duration_cast<Clock::duration>(time), [] { return false; });
}

}  // namespace

Result<std::unique_ptr<OtlpExporter>> OtlpExporter::open(const CollectorOptions& options) {
  if (options.address.scheme != "https") return std::make_unique<OtlpExporter>(options, std::nullopt);
  Result<boost::asio::ssl::context> tls = tls_client_context(options.authorities);
  if (!tls) return with_context("--trace-config opentelemetry,certificate", tls.error());
  return std::make_unique<OtlpExporter>(options, *std::move(tls));
}

TraceLoss OtlpExporter::write(Traces traces, const std::stop_token& stop) {
  const std::string message = otlp_message(traces, options_.resource);
  const std::uint64_t spans = span_count(traces);
  const std::string collector = "the collector " + options_.address.url();
  Seconds again = kFirstWait;
  for (int tries = 1;; ++tries, again *= 2) {
    const Result<HttpPosted> posted = http_post(options_.address, tls_ ? &*tls_ : nullptr, message, kAnswerWithin, stop);
    if (posted && posted->status / 100 == 2)
      return {std::min(spans, rejected_spans(posted->body)), collector + " does not take them: " + posted->body};
    if (!is_passing(posted) || tries == kTries || stop.stop_requested())
      return {spans,
              collector + (posted ? " answers with status " + std::to_string(posted->status) : ": " + posted.error().message)};
    wait(std::clamp(posted ? posted->retry_after : again, again, kLongestWait), stop);
  }
}

}  // namespace staronnx
