#include "staronnx/serve/otlp_message.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "staronnx/serve/trace_for_test.h"

namespace staronnx {
namespace {

using Json = nlohmann::json;

Json spans_of(const TraceRecord& record) {
  std::vector<std::unique_ptr<const TraceRecord>> traces;
  traces.push_back(std::make_unique<TraceRecord>(record));
  const Json message = Json::parse(otlp_message(traces, {{"service.name", "it"}}));
  EXPECT_EQ(message["resourceSpans"][0]["resource"],
            Json::parse(R"({"attributes": [{"key": "service.name", "value": {"stringValue": "it"}}]})"));
  EXPECT_EQ(message["resourceSpans"][0]["scopeSpans"][0]["scope"], Json::parse(R"({"name": "staronnx"})"));
  return message["resourceSpans"][0]["scopeSpans"][0]["spans"];
}

TEST(OtlpMessage, HasASpanForTheRequestUnderTheCallers) {
  TraceRecord record = trace_for_test();
  record.to_unix_time = std::chrono::seconds(1'700'000'000);
  record.parent_id = "00f067aa0ba902b7";
  record.state = "a=1";
  EXPECT_EQ(spans_of(record)[0], Json::parse(R"({
    "traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331", "parentSpanId": "00f067aa0ba902b7",
    "traceState": "a=1", "name": "InferRequest", "kind": 2,
    "startTimeUnixNano": "1700000001000000000", "endTimeUnixNano": "1700000001000100000",
    "attributes": [{"key": "triton.model_name", "value": {"stringValue": "m"}},
                   {"key": "triton.model_version", "value": {"intValue": "3"}},
                   {"key": "triton.trace_request_id", "value": {"stringValue": "mine"}},
                   {"key": "staronnx.protocol", "value": {"stringValue": "HTTP"}},
                   {"key": "staronnx.variant", "value": {"stringValue": "k2"}}]})"));
}

TEST(OtlpMessage, HasSpansForWhatTheRequestDidUnderIt) {
  std::vector<std::string> names;
  std::set<std::string> ids;
  for (const Json& span : spans_of(trace_for_test())) {
    names.push_back(span["name"]);
    ids.insert(span["spanId"]);
    if (names.size() == 1) continue;
    EXPECT_EQ(span["parentSpanId"], "b7ad6b7169203331");
    EXPECT_EQ(span["kind"], 1);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"InferRequest", "input", "queue", "queue", "output", "segment 1", "segment 2"}));
  EXPECT_EQ(ids.size(), span_count(trace_for_test()));
  EXPECT_EQ(spans_of(trace_for_test()).back()["attributes"],
            Json::parse(R"([{"key": "staronnx.processor", "value": {"stringValue": "cores 1"}},
                            {"key": "staronnx.batch", "value": {"intValue": "4"}},
                            {"key": "staronnx.transfer_us", "value": {"doubleValue": 5.0}},
                            {"key": "staronnx.exposed_us", "value": {"doubleValue": 2.0}}])"));
}

TEST(OtlpMessage, HasStepsOfAnEnsembleUnderIt) {
  std::map<std::string, int> under;
  const Json spans = spans_of(ensemble_trace_for_test());
  for (const Json& span : spans) under[span.value("parentSpanId", "")]++;
  EXPECT_EQ(under, (std::map<std::string, int>{{"", 1}, {"00f067aa0ba902b7", 5}, {"b7ad6b7169203331", 6}}));
  const auto step = std::ranges::find(spans, "b7ad6b7169203331", [](const Json& span) { return span["spanId"]; });
  ASSERT_NE(step, spans.end());
  EXPECT_EQ((*step)["name"], "m");
  EXPECT_EQ((*step)["kind"], 1);
}

TEST(OtlpMessage, GivesSpansIdentifiersThatAreNotZero) {
  TraceRecord record = trace_for_test();
  record.span_id = "fffffffffffffffe";
  std::set<std::string> ids;
  for (const Json& span : spans_of(record)) ids.insert(span["spanId"]);
  EXPECT_EQ(ids.size(), span_count(record));
  EXPECT_FALSE(ids.contains("0000000000000000"));
}

TEST(OtlpMessage, SaysWhatWentWrong) {
  TraceRecord record = trace_for_test();
  record.segments.clear();
  record.error = "no such \xff";
  EXPECT_EQ(spans_of(record)[0]["status"], Json::parse(R"({"code": 2, "message": "no such \ufffd"})"));
  EXPECT_FALSE(spans_of(trace_for_test())[0].contains("status"));
}

TEST(OtlpMessage, ReadsHowManySpansWereRejected) {
  EXPECT_EQ(rejected_spans(R"({"partialSuccess": {"rejectedSpans": "12", "errorMessage": "too old"}})"), 12U);
  EXPECT_EQ(rejected_spans(R"({"partialSuccess": {"rejectedSpans": 12}})"), 12U);
  for (const char* none :
       {"", "{}", "[]", "7", R"({"partialSuccess": 7})", R"({"partialSuccess": []})", R"({"partialSuccess": null})",
        R"({"partialSuccess": {"rejectedSpans": "many"}})", R"({"partialSuccess": {"rejectedSpans": -1}})"})
    EXPECT_EQ(rejected_spans(none), 0U) << none;
}

}  // namespace
}  // namespace staronnx
