// What of requests is traced, and where traces go: under Triton's names (docs/operating.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "staronnx/base/result.h"
#include "staronnx/base/units.h"

namespace staronnx {

enum class TraceMode {
  triton,         // into a file
  opentelemetry,  // to a collector
};

std::string_view to_string(TraceMode mode);  // "triton"

// Which requests are traced. What clients may change.
struct TraceSettings {
  bool timestamps = false;          // the level TIMESTAMPS, else OFF
  std::uint32_t rate = 1000;        // one of so many; 0: none but those whose callers trace them
  std::int32_t count = -1;          // that are still to be traced; -1: any number
  std::uint32_t log_frequency = 0;  // traces in a file; 0: all in one

  bool operator==(const TraceSettings&) const = default;
};

// Where OpenTelemetry's collector takes traces over HTTP.
struct CollectorAddress {
  std::string host = "localhost";
  std::string port = "4318";
  std::string target = "/v1/traces";
  std::string scheme = "http";  // or "https": encrypted

  std::string url() const;
  bool operator==(const CollectorAddress&) const = default;
};

struct CollectorOptions {
  CollectorAddress address = {};
  std::filesystem::path authorities = {};  // PEM: who may have signed for an encrypted collector; empty: those of the system
  std::map<std::string, std::string> resource = {{"service.name", "staronnx"}};  // attributes of all spans
  std::size_t queue = 2048;  // spans that wait at most; what comes then is dropped
  std::size_t batch = 512;   // spans that are sent as soon as they wait,
  Milliseconds delay{5000};  // or after this time
};

struct TraceOptions {
  TraceSettings settings = {};
  TraceMode mode = TraceMode::triton;
  std::filesystem::path file = {};
  CollectorOptions collector = {};

  // Each of `texts` is one setting as --trace-config takes it: "rate=100", "triton,file=trace.json". Fails (invalid_argument), naming the
  // setting, when one is unknown or has no such value, and when traces are wanted that have no place to go.
  static Result<TraceOptions> parse(std::span<const std::string> texts);
};

// The levels of a trace as clients and operators name them: OFF alone, or TIMESTAMPS. Fails for others, TENSORS among them.
Result<bool> timestamps_of(std::span<const std::string> levels);

// Whole numbers in their range. Fail naming the setting.
Result<std::uint32_t> trace_number(const std::string& setting, const std::string& text);
Result<std::int32_t> trace_count(const std::string& setting, const std::string& text);

}  // namespace staronnx
