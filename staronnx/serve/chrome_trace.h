// Traces as events of Chrome's trace event format, which ui.perfetto.dev and chrome://tracing open. Pure; private to this room.
//
// A request is a track with what it does nested in it, a step of an ensemble a track of its own, as steps run side by side; each processor is a
// track with the segments that it ran. Times are microseconds of the process's clock.
#pragma once

#include <map>
#include <string>

#include "staronnx/serve/trace_record.h"

namespace staronnx {

// The processors that one file has shown already, with their tracks' numbers.
using ChromeTracks = std::map<std::string, int>;

// The record's events, JSON objects, each on a line of its own with a comma between two; and before them those that name `tracks` which are new.
std::string chrome_events(const TraceRecord& record, ChromeTracks& tracks);

}  // namespace staronnx
