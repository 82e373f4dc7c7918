// Puts one system under load for a while, a window, and says how it answered.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "staronnx/base/units.h"
#include "staronnx/bench/load_clock.h"
#include "staronnx/bench/system.h"

namespace staronnx {

// One request, times from the start of the load.
struct Sample {
  Seconds intended{};                // when it was to be sent; in a closed loop when it was
  Seconds sent{};                    // when sending began
  Seconds handed{};                  // when the system had taken it
  Seconds finished{};                // when it was answered, if it was accepted
  std::optional<ErrorCode> failure;  // why there is no result; unavailable: refused

  Microseconds latency() const { return finished - intended; }
};

// What is asked of the answers.
struct Limits {
  Milliseconds slo{};
  double percentile = 99;                  // of the latencies, that is to be within the SLO
  std::optional<Milliseconds> deadline{};  // of every request, from the intended send; the system is told
  Milliseconds in_time() const { return deadline.value_or(slo); }
};

// What processors of a kind, or a link, did of a window.
struct Busy {
  std::string name;
  double share = 0;  // of the time from the start to the last answer, on average over the processors
};

// How a system answered in one window. Quantiles are of all requests with a result (see quantile.h), latency from the intended send.
struct Point {
  unsigned seed = 0;         // of the arrivals
  double rate_per_s = 0;     // intended; in a closed loop what came out
  int in_flight = 0;         // of a closed loop; 0: open loop
  double served_per_s = 0;   // results per second, from the start to the last one, at least for `duration`
  double good_per_s = 0;     // of these, the ones in time
  Seconds duration{};        // of the arrivals
  std::size_t sent = 0;      // all of these:
  std::size_t answered = 0;  // with a result
  std::size_t refused = 0;   // the queue was full, or the deadline could not be met
  std::size_t dropped = 0;   // accepted, but its deadline, or one SLO after the last arrival, passed while it waited
  std::size_t failed = 0;    // any other error
  std::size_t late = 0;      // of `answered`: over the deadline or, where there is none, the SLO
  Microseconds mean{}, p50{}, p90{}, p95{}, p99{}, tail{};  // tail: at the SLO's percentile; all 0 when nothing was answered
  Microseconds mean_send{};                                 // from the intended send until the system had taken the request
  Microseconds lag_p99{};                                   // of the generator, sent minus intended
  bool late_generator = false;        // lag_p99 over 1 % of the SLO: invalid, the latencies hold the generator's own delay
  bool backlog_grows = false;         // see trend.h, by more than 10 % of the SLO
  bool stable = true;                 // see stability.h
  bool held = false;                  // every request answered, the tail within the SLO, no growing backlog
  std::optional<ServerTimes> server;  // of the window's requests
  std::vector<Busy> busy;             // see System::worked()
  std::string first_error;            // of refused, dropped and failed ones
};

// `samples`: in the order of intended sending.
struct Window {
  Point point;
  std::vector<Sample> samples;
};

// Pure. `samples`: in the order of intended sending, not empty.
Point point_of(double rate_per_s, Seconds duration, const Limits& limits, std::span<const Sample> samples);

// Open loop: sends a request at each of `arrivals` whatever the system does, then waits for the answers. Before: a short rest for other
// systems' threads, and one request, alone and uncounted, to wake this one. The calling thread sleeps between requests. Without a deadline
// of their own, requests are given up one SLO after the last arrival. `arrivals`: ascending, not empty.
Window open_loop(System& system, LoadClock& clock, double rate_per_s, std::span<const Seconds> arrivals, Seconds duration,
                 const Limits& limits);

// Closed loop: keeps `in_flight` requests unanswered for `duration`, and longer until three times as many have been sent. The first
// `in_flight` are left out of rate and latencies (the system fills up). With one in flight p50 is the lone latency; with many,
// served_per_s is the saturated rate.
Window closed_loop(System& system, LoadClock& clock, int in_flight, Seconds duration, const Limits& limits);

}  // namespace staronnx
