// What `staronnx advise` answers: whether a machine holds a rate, what keeps it from more, and what a little more of it would change.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/base/units.h"
#include "staronnx/bench/load.h"

namespace staronnx::apps {

// Of one machine, simulated.
struct Outcome {
  bool holds = false;               // at the rate every request is answered, p99 is within the SLO, and the backlog does not grow
  std::optional<Milliseconds> p99;  // at the rate; nothing when none is answered
  std::size_t answered = 0, unanswered = 0;  // requests, at the rate
  bool backlog_grows = false;                // at the rate
  Milliseconds lone_p50{};
  double threshold_per_s = 0, saturated_per_s = 0;
  std::optional<double> bound_per_s = {};  // the planner's (see predict()), within the SLO; nothing where it knows none
  double busy_at_per_s = 0;                // the threshold or, where no rate holds, the rate
  std::vector<Busy> busy = {};
};

struct Change {
  std::string what;  // "8 more cores"
  Result<Outcome> outcome;
};

struct Advice {
  std::string model, machine, arrivals;
  unsigned seed = 0;
  double rate_per_s = 0;
  Milliseconds slo{};
  Outcome now;
  std::vector<Change> changes;
  std::vector<std::string> estimates;  // what stands in for measurements, in words
  std::string command;                 // that repeats it
};

// docs/simulation.md describes the fields.
std::string to_json(const Advice& advice);
std::string to_text(const Advice& advice);

}  // namespace staronnx::apps
