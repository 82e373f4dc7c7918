#include "staronnx/serve/chrome_trace.h"

#include <nlohmann/json.hpp>

namespace staronnx {
namespace {

using Json = nlohmann::json;

// Groups of tracks: processes to the format.
constexpr int kRequests = 1, kProcessors = 2;

double microseconds(Clock::duration time) {
  return Microseconds(time).count();
}

class Events {
 public:
  void add(const Json& event) {
    if (!text_.empty()) text_ += ",\n";
    text_ += event.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  std::string text() && { return std::move(text_); }

 private:
  std::string text_;
};

Json name_of(const char* what, int group, int track, const std::string& name) {
  return {{"ph", "M"}, {"name", what}, {"pid", group}, {"tid", track}, {"args", {{"name", name}}}};
}

int track_of(const std::string& processor, ChromeTracks& tracks, Events& events) {
  if (tracks.empty()) {
    events.add(name_of("process_name", kRequests, 0, "requests"));
    events.add(name_of("process_name", kProcessors, 0, "processors"));
  }
  const auto [track, is_new] = tracks.emplace(processor, static_cast<int>(tracks.size()) + 1);
  if (is_new) events.add(name_of("thread_name", kProcessors, track->second, processor));
  return track->second;
}

// The begin (b) or end (e) of a part of the request, in its track.
Json asynchronous(const TraceRecord& record, const char* phase, std::string_view name, Clock::time_point when) {
  return {{"ph", phase},
          {"cat", "request"},
          {"name", name},
          {"id", std::to_string(record.number)},
          {"pid", kRequests},
          {"tid", 0},
          {"ts", microseconds(when.time_since_epoch())}};
}

Json arguments_of(const TraceRecord& record) {
  Json arguments = {{"trace_id", record.trace_id}, {"model", record.model}, {"protocol", record.protocol}};
  if (record.version != 0) arguments["version"] = record.version;
  if (record.whole != 0) arguments["parent_id"] = record.whole;
  if (!record.parent_id.empty()) arguments["parent_span_id"] = record.parent_id;
  if (!record.request_id.empty()) arguments["request_id"] = record.request_id;
  if (!record.variant.empty()) arguments["variant"] = record.variant;
  if (!record.error.empty()) arguments["error"] = record.error;
  return arguments;
}

void add_request(const TraceRecord& record, Events& events) {
  Json begin = asynchronous(record, "b", record.model, record.begin);
  begin["args"] = arguments_of(record);
  events.add(begin);
  for (const TraceSpan& phase : phases_of(record)) {
    events.add(asynchronous(record, "b", phase.name, phase.begin));
    events.add(asynchronous(record, "e", phase.name, phase.end));
  }
  events.add(asynchronous(record, "e", record.model, record.end));
}

void add_segment(const TraceRecord& record, std::size_t position, ChromeTracks& tracks, Events& events) {
  const TracedSegment& segment = record.segments[position];
  const TraceSpan span = span_of(record, segment);
  events.add({{"ph", "X"},
              {"cat", "segment"},
              {"name", record.model + " " + std::to_string(position + 1)},
              {"pid", kProcessors},
              {"tid", track_of(segment.processor, tracks, events)},
              {"ts", microseconds(span.begin.time_since_epoch())},
              {"dur", microseconds(span.end - span.begin)},
              {"args",
               {{"request", record.number},
                {"request_id", record.request_id},
                {"variant", record.variant},
                {"segment", position + 1},
                {"batch", segment.run.batch},
                {"transfer_us", segment.run.transfer.count()},
                {"exposed_us", segment.run.exposed.count()}}}});
}

void add(const TraceRecord& record, ChromeTracks& tracks, Events& events) {
  add_request(record, events);
  for (std::size_t i = 0; i < record.segments.size(); ++i) add_segment(record, i, tracks, events);
  for (const TraceRecord& step : record.steps) add(step, tracks, events);
}

}  // namespace

std::string chrome_events(const TraceRecord& record, ChromeTracks& tracks) {
  Events events;
  add(record, tracks, events);
  return std::move(events).text();
}

}  // namespace staronnx
