// Where a request comes from in the trace of its caller, as W3C's Trace Context says it in the fields traceparent and tracestate. Pure; private
// to this room.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace staronnx {

struct TraceContext {
  std::string trace_id;    // 32 hexadecimal digits, not all 0
  std::string parent_id;   // 16, not all 0: the caller's span
  bool sampled = false;    // the caller's trace is recorded
  std::string state = {};  // what the caller's systems say further, as it came

  bool operator==(const TraceContext&) const = default;
};

// Each field with all its lines, joined by commas. Nothing for a traceparent that is none: then a new trace begins. A tracestate that is none is
// left out alone.
std::optional<TraceContext> trace_context(std::string_view traceparent, std::string_view tracestate);

}  // namespace staronnx
