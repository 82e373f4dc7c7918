// Puts one system under load and says how it answered.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/base/units.h"
#include "staronnx/bench/load_clock.h"
#include "staronnx/bench/system.h"

namespace staronnx {

// One request of an open loop, times from the start of the load.
struct Sample {
  Seconds intended{};                // when it was to be sent
  Seconds sent{};                    // when it was
  Seconds finished{};                // when it was answered, if it was accepted
  std::optional<ErrorCode> failure;  // why there is no result; unavailable: refused on arrival
};

// How a system answered at one rate. Quantiles are of all answered requests (see quantile.h), latency from the intended send.
struct Point {
  double rate_per_s = 0;                    // intended
  double served_per_s = 0;                  // results per second, from the start to the last answer, at least for `duration`
  Seconds duration{};                       // of the arrivals
  std::size_t answered = 0;                 // with a result
  std::size_t refused = 0;                  // on arrival, the queue was full
  std::size_t dropped = 0;                  // accepted, still waiting one SLO after the last arrival: given up
  std::size_t failed = 0;                   // any other error
  Microseconds p50{}, p90{}, p95{}, p99{};  // 0 when nothing was answered
  Microseconds lag_p99{};                   // of the generator, sent minus intended
  bool late_generator = false;              // lag_p99 over 1 % of the SLO: the latencies hold the generator's own delay
  bool backlog_grows = false;               // see trend.h, by more than 10 % of the SLO
  bool held = false;                        // every request answered, p99 within the SLO, no growing backlog
};

// Pure. `samples`: in the order of intended sending, not empty.
Point point_of(double rate_per_s, Seconds duration, Milliseconds slo, std::span<const Sample> samples);

// Open loop: sends a copy of `inputs` at each of `arrivals` whatever the system does, then waits for the answers. Before: a short
// rest for other systems' threads, and one request, alone and uncounted, to wake this one. The calling thread sleeps between requests. `arrivals`: ascending, not empty.
Point open_loop(System& system, LoadClock& clock, const std::vector<Tensor>& inputs, double rate_per_s,
                std::span<const Seconds> arrivals, Seconds duration, Milliseconds slo);

struct ClosedLoop {
  double served_per_s = 0;
  Microseconds p50{};  // from submit to answer
};

// Closed loop: keeps `in_flight` requests unanswered for `duration`, and longer until three times as many have been answered. The first
// `in_flight` answers are left out (the system fills up). With one in flight p50 is the lone latency; with many, served_per_s is
// the saturated rate. Fails with the system's first error.
Result<ClosedLoop> closed_loop(System& system, LoadClock& clock, const std::vector<Tensor>& inputs, int in_flight,
                               Seconds duration);

}  // namespace staronnx
