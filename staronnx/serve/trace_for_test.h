// A traced request, for tests.
#pragma once

#include "staronnx/serve/trace_record.h"

namespace staronnx {

inline Clock::time_point at(int microseconds) {
  return Clock::time_point(std::chrono::microseconds(1'000'000 + microseconds));
}

// From 0 to 100 us, with segments from 20 to 30 us on "cores 0", and from 40 to 80 us on "cores 1".
inline TraceRecord trace_for_test() {
  TraceRecord record;
  record.number = 7;
  record.trace_id = "0af7651916cd43dd8448eb211c80319c";
  record.span_id = "b7ad6b7169203331";
  record.protocol = "HTTP";
  record.model = "m";
  record.version = 3;
  record.request_id = "mine";
  record.begin = at(0);
  record.submitted = at(10);
  record.end = at(100);
  record.variant = "k2";
  record.segments = {{"cores 0", {0, 1, at(20), at(30)}}, {"cores 1", {1, 4, at(40), at(80), Microseconds(5), Microseconds(2)}}};
  return record;
}

// The same as the step of an ensemble "e" with the number 6, which adds 10 us before and after it.
inline TraceRecord ensemble_trace_for_test() {
  TraceRecord record = trace_for_test();
  record.number = 6;
  record.span_id = "00f067aa0ba902b7";
  record.model = "e";
  record.begin = at(-10);
  record.submitted = at(-5);
  record.end = at(110);
  record.variant.clear();
  record.segments.clear();
  TraceRecord& step = record.steps.emplace_back(trace_for_test());
  step.whole = record.number;
  step.parent_id = record.span_id;
  return record;
}

}  // namespace staronnx
