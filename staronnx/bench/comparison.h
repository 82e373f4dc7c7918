// Several systems under the same load, one after the other at every rate, once per seed.
//
//   lone latency and saturated rate of each -> SLO -> curve: every system at rate 1, then at rate 2 .. -> threshold search, in rounds
//
// Fair: the same arrivals for all systems at a rate, neighbouring measurements of different systems close in time, and only one system at
// work while the others sleep.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/base/units.h"
#include "staronnx/bench/arrivals.h"
#include "staronnx/bench/load.h"
#include "staronnx/bench/load_clock.h"
#include "staronnx/bench/slo.h"
#include "staronnx/bench/stability.h"
#include "staronnx/bench/system.h"

namespace staronnx {

// Rates of the curves, and whether the threshold is searched for.
struct RatePlan {
  std::vector<double> per_s = {};  // empty: 25, 50, 75 and 90 % of the greatest saturated rate
  bool search = true;              // by bisection, below the saturated rate or, with rates given, the last of them
  bool ends_only = false;          // with rates given and searched: of them only the first and the last are measured beforehand
  std::optional<double> resolution_per_s = {};  // of the search; by default 4 % of where it begins
  // Without rates given: this one instead of a curve, and the lone latency, too.
  std::optional<double> asked = {};
};

struct ComparisonOptions {
  std::vector<unsigned> seeds = {1};  // of the arrivals: all is measured once for each
  // Replayed ones have a rate of their own: they are the curve, nothing is searched for.
  ArrivalProcess arrivals = PoissonArrivals();
  RatePlan rates = {};
  std::vector<int> concurrency = {};  // instead of all of these: closed loops with so many requests in flight
  Slo slo = {};
  double percentile = 99;
  std::optional<Milliseconds> deadline = {};  // of every request
  std::optional<Seconds> duration = {};       // of every window; by default what the budget allows
  Seconds budget{120};                        // for the whole comparison
  std::optional<Stability> stability = {};    // windows are repeated until they agree; without it each is measured once
  int in_flight = 0;  // requests at once for the saturated rate; enough to keep the machine busy, at least 1
};

// Of one system and seed; nothing where it was not asked for.
struct SeedResult {
  unsigned seed = 0;
  std::optional<Microseconds> lone_p50 = {};   // one request at a time
  std::optional<double> saturated_per_s = {};  // many requests at once
  // Largest rate measured that held (see load.h), with no failed rate below it; 0: none held.
  std::optional<double> threshold_per_s = {};
  bool generator_limited = false;  // the generator was late at the failed rate: the threshold may be higher
};

struct SystemResult {
  std::string name;
  std::vector<SeedResult> by_seed;
  Transfers transfers{};      // during all measurements
  std::vector<Point> points;  // by rate or number in flight, then seed; a rate that was measured twice stands twice
};

struct Comparison {
  std::vector<unsigned> seeds = {};
  std::string arrivals = {};  // in words
  Limits limits = {};
  Slo slo = {};  // as asked for
  // Of the machine, used by other programs meanwhile (see other_load.h); nothing when unknown.
  std::optional<double> others_share = {};
  std::vector<SystemResult> systems = {};
};

// Told after each measurement: what came out, for people; the share of the whole done, 0..1; about the time that is left at most.
using Progress = std::function<void(const std::string& what, double done, Seconds left)>;

// Given the requests of each point.
using Record =
    std::function<void(const std::string& system, const Point& point, const Limits& limits, std::span<const Sample> samples)>;

// Lone latencies are measured where the SLO follows from them, saturated rates where rates or a search do. Fails when a system answers
// nothing at all then. Blocks for about the budget: the time is divided evenly by the number of measurements, of which some may not be needed.
Result<Comparison> compare(const std::vector<std::unique_ptr<System>>& systems, const ComparisonOptions& options,
                           LoadClock& clock, const Progress& progress, const Record& record);

}  // namespace staronnx
