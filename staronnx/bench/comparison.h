// Several systems under the same load, one after the other at every rate.
//
//   lone latency and saturated rate of each -> SLO -> curve: every system at rate 1, then at rate 2 .. -> threshold search, in rounds
//
// Fair: the same arrivals for all systems at a rate, neighbouring measurements of different systems close in time, and only one system at
// work while the others sleep.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/base/units.h"
#include "staronnx/bench/load.h"
#include "staronnx/bench/load_clock.h"
#include "staronnx/bench/system.h"

namespace staronnx {

struct ComparisonOptions {
  unsigned seed = 1;                     // of the arrivals
  std::optional<Milliseconds> slo = {};  // on p99; by default kDefaultSlo times the smallest lone p50 of all systems
  std::vector<double> rates_per_s = {};  // of the curve; empty: 25, 50, 75 and 90 % of the greatest saturated rate
  std::optional<Seconds> duration = {};  // of every measurement; by default what the budget allows
  Seconds budget{120};                   // for the whole comparison
  int in_flight = 0;                     // requests at once for the saturated rate; enough to keep the machine busy, at least 1
};

constexpr double kDefaultSlo = 5;

struct SystemResult {
  std::string name;
  Microseconds lone_p50{};     // one request at a time
  double saturated_per_s = 0;  // many requests at once
  double threshold_per_s = 0;  // largest rate measured that held (see load.h), with no failed rate below it; 0: none held
  Transfers transfers{};       // during all measurements
  std::vector<Point> points;   // by rate; a rate that was measured twice stands twice
};

struct Comparison {
  unsigned seed = 0;
  Milliseconds slo{};
  bool slo_chosen = false;  // by the user
  std::optional<double>
      others_share;  // of the machine, used by other programs meanwhile (see other_load.h); nothing when unknown
  std::vector<SystemResult> systems;
};

// Told after each measurement: what came out, for people; the share of the whole done, 0..1; about the time that is left at most.
using Progress = std::function<void(const std::string& what, double done, Seconds left)>;

// `inputs`: one per input of the model, sent with every request. Fails when a system cannot answer at all. Blocks for about the budget:
// the time is divided evenly by the number of measurements, of which some may not be needed.
Result<Comparison> compare(const std::vector<std::unique_ptr<System>>& systems, const std::vector<Tensor>& inputs,
                           const ComparisonOptions& options, LoadClock& clock, const Progress& progress);

}  // namespace staronnx
