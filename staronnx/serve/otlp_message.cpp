#include "staronnx/serve/otlp_message.h"

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "staronnx/serve/parse_json.h"

namespace staronnx {
namespace {

using Json = nlohmann::json;

constexpr int kInternal = 1, kServer = 2;  // kinds of spans
constexpr int kFailed = 2;                 // status

Json text(const char* key, std::string_view value) {
  return {{"key", key}, {"value", {{"stringValue", value}}}};
}

// 64-bit integers are text.
Json number(const char* key, std::int64_t value) {
  return {{"key", key}, {"value", {{"intValue", std::to_string(value)}}}};
}

Json real(const char* key, double value) {
  return {{"key", key}, {"value", {{"doubleValue", value}}}};
}

std::string unix_time(const TraceRecord& record, Clock::time_point when) {
  return std::to_string(std::chrono::nanoseconds(when.time_since_epoch() + record.to_unix_time).count());
}

// Those of a trace differ, and are not 0.
std::string child_id(const std::string& parent_id, std::uint64_t position) {
  std::uint64_t id = 0;
  std::from_chars(parent_id.data(), parent_id.data() + parent_id.size(), id, 16);
  id += position;
  if (id < position) ++id;
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), id, 16).ptr;
  const std::string significant(digits.data(), end);
  return std::string(digits.size() - significant.size(), '0') + significant;
}

Json span(const TraceRecord& record, const std::string& name, Clock::time_point begin, Clock::time_point end) {
  Json span = {{"traceId", record.trace_id},
               {"name", name},
               {"startTimeUnixNano", unix_time(record, begin)},
               {"endTimeUnixNano", unix_time(record, end)}};
  if (!record.state.empty()) span["traceState"] = record.state;
  return span;
}

Json request_span(const TraceRecord& record) {
  const bool is_step = record.whole != 0;
  Json root = span(record, is_step ? record.model : "InferRequest", record.begin, record.end);
  root["spanId"] = record.span_id;
  root["kind"] = is_step ? kInternal : kServer;
  if (!record.parent_id.empty()) root["parentSpanId"] = record.parent_id;
  Json& attributes = root["attributes"] = Json::array();
  attributes.push_back(text("triton.model_name", record.model));
  if (record.version != 0) attributes.push_back(number("triton.model_version", record.version));
  if (!record.request_id.empty()) attributes.push_back(text("triton.trace_request_id", record.request_id));
  attributes.push_back(text("staronnx.protocol", record.protocol));
  if (!record.variant.empty()) attributes.push_back(text("staronnx.variant", record.variant));
  if (!record.error.empty()) root["status"] = {{"code", kFailed}, {"message", record.error}};
  return root;
}

Json segment_span(const TraceRecord& record, std::size_t position) {
  const TracedSegment& segment = record.segments[position];
  const TraceSpan time = span_of(record, segment);
  Json child = span(record, "segment " + std::to_string(position + 1), time.begin, time.end);
  child["attributes"] = {text("staronnx.processor", segment.processor), number("staronnx.batch", segment.run.batch),
                         real("staronnx.transfer_us", segment.run.transfer.count()),
                         real("staronnx.exposed_us", segment.run.exposed.count())};
  return child;
}

void add_spans(const TraceRecord& record, Json& spans) {
  std::uint64_t position = 0;
  const auto add_child = [&](Json child) {
    child["spanId"] = child_id(record.span_id, ++position);
    child["parentSpanId"] = record.span_id;
    child["kind"] = kInternal;
    spans.push_back(std::move(child));
  };
  spans.push_back(request_span(record));
  for (const TraceSpan& phase : phases_of(record)) {
    if (phase.name != "compute") add_child(span(record, std::string(phase.name), phase.begin, phase.end));
  }
  for (std::size_t i = 0; i < record.segments.size(); ++i) add_child(segment_span(record, i));
  for (const TraceRecord& step : record.steps) add_spans(step, spans);
}

}  // namespace

std::string otlp_message(Traces traces, const std::map<std::string, std::string>& resource) {
  Json attributes = Json::array();
  for (const auto& [key, value] : resource) attributes.push_back(text(key.c_str(), value));
  Json spans = Json::array();
  for (const auto& trace : traces) add_spans(*trace, spans);
  const Json scope = {{"scope", {{"name", "staronnx"}}}, {"spans", std::move(spans)}};
  const Json message = {
      {"resourceSpans", Json::array({{{"resource", {{"attributes", attributes}}}, {"scopeSpans", Json::array({scope})}}})}};
  return message.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::uint64_t rejected_spans(std::string_view answer) {
  const Result<Json> json = parse_json(answer);
  if (!json || !json->is_object()) return 0;
  const Json partial = json->value("partialSuccess", Json());
  if (!partial.is_object()) return 0;
  const Json rejected = partial.value("rejectedSpans", Json());
  if (rejected.is_number_unsigned()) return rejected.get<std::uint64_t>();
  std::uint64_t count = 0;
  if (rejected.is_string()) {
    const auto& digits = rejected.get_ref<const std::string&>();
    std::from_chars(digits.data(), digits.data() + digits.size(), count);
  }
  return count;
}

}  // namespace staronnx
