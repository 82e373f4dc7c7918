// Whether a queue keeps growing: then latency depends on how long one measures, and the rate is beyond what the system can do.
#pragma once

#include <vector>

#include "staronnx/base/units.h"

namespace staronnx {

// `latencies`: of consecutive requests, in the order they were meant to be sent. The first quarter is left out (a queue fills from empty
// in any case); the rest is averaged in six equal batches. The backlog grows when the batches rise nearly without exception, that is, at
// least 13 of the 15 pairs of batches are in rising order (Kendall's rank correlation 0.73 or more; by chance under 1 in 100 for
// independent batches), and the last batch is above the first by more than `least`, so that a rise nobody would notice does not
// count. Fewer than 24 latencies tell nothing: no growth.
bool backlog_grows(const std::vector<Microseconds>& latencies, Microseconds least);

}  // namespace staronnx
