// Traces as OpenTelemetry's collectors take them: OTLP's ExportTraceServiceRequest as JSON. Pure; private to this room.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "staronnx/serve/trace_sink.h"

namespace staronnx {

// A request is a span of kind server, under the caller's where there is one; its phases, segments and steps, these under their models' names,
// are spans under it.
std::string otlp_message(Traces traces, const std::map<std::string, std::string>& resource);

// Spans that a collector did not take although it answered with success, as its answer says; 0 when that is nothing like it.
std::uint64_t rejected_spans(std::string_view answer);

}  // namespace staronnx
