// What a trace says of a request: when what happened to it. Private to this room.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "staronnx/base/deadline.h"
#include "staronnx/schedule/pipeline.h"

namespace staronnx {

struct TracedSegment {
  std::string processor;  // a place's name
  SegmentRun run;
};

// One traced request, or a step of an ensemble's. Filled by those who have the request, one after another; whoever lets go of it last ends
// it (tracer.h).
struct TraceRecord {
  std::uint64_t number = 0;         // of the server's traces and steps, from 1
  std::uint64_t whole = 0;          // of a step: the number of what it is part of
  std::string scope = {};           // whose log_frequency it is: a model's name, or empty for the server's
  std::uint32_t log_frequency = 0;  // traces in a file
  std::string trace_id = {}, span_id = {};
  std::string parent_id = {}, state = {};  // of the caller's trace, where there is one; of a step: of the whole
  std::string_view protocol = {};
  std::string model = {};
  std::int64_t version = 0;     // 0: no such model
  std::string request_id = {};  // the client's
  Clock::time_point begin = {};
  Clock::time_point submitted = {};  // checked, and given to the pipeline; none: it was refused before
  Clock::time_point end = {};        // the answer was written; none: nobody was there
  std::string variant = {};
  std::vector<TracedSegment> segments = {};
  std::list<TraceRecord> steps = {};  // of an ensemble; they may end after it, when it failed
  std::string error = {};
  std::chrono::nanoseconds to_unix_time{};  // to be added to this process's clock

  // `processors`: names, by place of the runtime.
  void ran(const Response& response, std::span<const std::string> processors);
};

// Part of a request's time.
struct TraceSpan {
  std::string_view name;
  Clock::time_point begin, end;

  bool operator==(const TraceSpan&) const = default;
};

// The request's time without gaps: "input" until it is submitted, then "queue" where it waits and "compute" where at least one segment, of its
// own or of a step, runs, and "output" after the last. A request without segments has no more than its input.
std::vector<TraceSpan> phases_of(const TraceRecord& record);

// The segment's time, within the request's.
TraceSpan span_of(const TraceRecord& record, const TracedSegment& segment);

using Traces = std::span<const std::unique_ptr<const TraceRecord>>;

// What tells of them: of each the request, its segments, its phases but "compute", and the same of its steps.
std::size_t span_count(const TraceRecord& record);
std::size_t span_count(Traces traces);

}  // namespace staronnx
