#include "staronnx/serve/trace_record.h"

#include <algorithm>

namespace staronnx {
namespace {

// When segments of `part`, which is the whole or a step in it, ran.
void add_runs(const TraceRecord& whole, const TraceRecord& part, std::vector<TraceSpan>& runs) {
  for (const TracedSegment& segment : part.segments) runs.push_back(span_of(whole, segment));
  for (const TraceRecord& step : part.steps) add_runs(whole, step, runs);
}

}  // namespace

void TraceRecord::ran(const Response& response, std::span<const std::string> processors) {
  variant = response.variant;
  for (const SegmentRun& run : response.segments) segments.push_back({processors[static_cast<std::size_t>(run.place)], run});
}

std::vector<TraceSpan> phases_of(const TraceRecord& record) {
  const bool submitted = record.submitted != Clock::time_point();
  std::vector<TraceSpan> phases{{"input", record.begin, submitted ? record.submitted : record.end}};
  std::vector<TraceSpan> runs;
  add_runs(record, record, runs);
  if (runs.empty()) return phases;
  std::ranges::sort(runs, {}, &TraceSpan::begin);
  for (const TraceSpan& run : runs) {
    TraceSpan& last = phases.back();
    if (run.begin > last.end) {
      phases.push_back({"queue", last.end, run.begin});
      phases.push_back({"compute", run.begin, run.end});
    } else if (last.name == "compute") {
      last.end = std::max(last.end, run.end);
    } else {
      phases.push_back({"compute", last.end, run.end});
    }
  }
  phases.push_back({"output", phases.back().end, record.end});
  return phases;
}

// Of what ran elsewhere only the end was seen; its begin is by how long it is said to have taken.
TraceSpan span_of(const TraceRecord& record, const TracedSegment& segment) {
  return {"compute", std::clamp(segment.run.begin, record.submitted, record.end),
          std::clamp(segment.run.end, record.submitted, record.end)};
}

std::size_t span_count(const TraceRecord& record) {
  const auto is_wait = [](const TraceSpan& phase) { return phase.name != "compute"; };
  std::size_t spans = 1 + record.segments.size() + static_cast<std::size_t>(std::ranges::count_if(phases_of(record), is_wait));
  for (const TraceRecord& step : record.steps) spans += span_count(step);
  return spans;
}

std::size_t span_count(Traces traces) {
  std::size_t spans = 0;
  for (const auto& trace : traces) spans += span_count(*trace);
  return spans;
}

}  // namespace staronnx
