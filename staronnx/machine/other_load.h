// How much of the machine other programs used while this one measured: a comparison on a busy machine is no comparison.
#pragma once

#include <optional>
#include <string_view>

#include "staronnx/base/units.h"

namespace staronnx {

// Processor time since some moment in the past, added up over all hardware threads.
struct ProcessorTime {
  Seconds busy{};   // of everybody, time that a hypervisor took away included
  Seconds total{};  // busy or not
  Seconds own{};    // of this process
};

// `stat`: the content of Linux's /proc/stat; `own` is left zero. Nothing when the text is something else.
std::optional<ProcessorTime> parse_proc_stat(std::string_view stat, double ticks_per_s);

// Now. Nothing when the system does not tell.
std::optional<ProcessorTime> processor_time();

// The share of the machine that others used between two moments, 0..1.
double others_share(const ProcessorTime& begin, const ProcessorTime& end);

}  // namespace staronnx
