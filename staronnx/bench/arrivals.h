// When requests are meant to be sent, drawn before the load begins.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/base/units.h"

namespace staronnx {

struct PoissonArrivals {};
struct ConstantArrivals {};

// Two states, in turn, each of exponentially distributed length, with Poisson arrivals in each (a Markov-modulated Poisson process).
struct BurstArrivals {
  double peak = 3;      // rate within a burst, in units of the mean rate; more than 1
  double share = 0.1;   // of the time that is burst; peak * share is less than 1, the rest comes between bursts
  Seconds length{0.5};  // of a burst, on average
};

// The same gaps again and again; the first request comes at once. On average at least a microsecond.
struct ReplayedArrivals {
  std::string file;
  std::vector<Microseconds> gaps;

  double rate_per_s() const;
};

using ArrivalProcess = std::variant<PoissonArrivals, ConstantArrivals, BurstArrivals, ReplayedArrivals>;

// "poisson", "constant", "bursts" or "bursts:PEAK:SHARE:SECONDS".
Result<ArrivalProcess> parse_distribution(std::string_view text);

// `text`: the content of `file`, a gap in microseconds a line, as perf_analyzer's --request-intervals has it. Refuses, naming the line, what is
// no such number, or over an hour; and files whose mean is under a microsecond.
Result<ReplayedArrivals> parse_intervals(std::string_view text, std::string file);

std::string to_string(const ArrivalProcess& process);  // as parse_distribution() reads it; "intervals of FILE"

// Ascending, counted from the start, all before `duration`: rate_per_s * duration of them, rounded, at least one. Random ones are placed
// independently, which is the process given their count: even a short run offers exactly the rate it states. Replayed ones come as
// they come, whatever the rate. The same arguments give the same arrivals, so compared systems get the same load.
std::vector<Seconds> arrivals_of(const ArrivalProcess& process, double rate_per_s, Seconds duration, unsigned seed);

}  // namespace staronnx
