// How much work comes to a pipeline, and how it comes, learnt from the tasks themselves. Pure: moments are passed in.
#pragma once

#include <cstddef>

#include "staronnx/base/deadline.h"
#include "staronnx/base/units.h"

namespace staronnx {

class Demand {
 public:
  // A task came. `machine_time`: that it takes with every worker at work, each at its best.
  void arrived(Clock::time_point now, Microseconds machine_time);

  // A task starts in a place that is one of `servers` alike, and takes `service` there. `stretch`: how many times as much of the machine's
  // time it takes there as at its best; above 1 where cores together are less than so many times as fast as one. `waited`: it did not start
  // when it came.
  void started(bool waited, int servers, Microseconds service, double stretch);

  // Whether tasks still come: the last one is no longer ago than ten times what they are usually apart. (Poisson arrivals are farther apart
  // once in 22,000 times.)
  bool active(Clock::time_point now) const;

  // Tasks that come; 0 while nothing is known.
  double per_us(Clock::time_point now) const;

  // Of the machine, by what came lately; above 1 when more comes than the machine can do. 0 while nothing is known.
  double utilisation(Clock::time_point now) const;

  // How many of the tasks to come are delayed, for each task that is there, by one that takes longer: utilisation / (1 - utilisation), as in
  // a busy period under Poisson arrivals, with what tasks really take of the machine (with their best, elastic groups on 16 cores, simulated
  // from 30 to 85 % of saturation, took 1.0 to 1.2 times as long at the median and 1.1 to 1.4 times at the 99th percentile). Where tasks come
  // in streams with pauses between them, those of this stream count: none in a pause, and in a new stream as many as in the one before,
  // until its gaps tell more. Less where tasks wait less often than Poisson arrivals do (a caller that waits for its answer before it asks
  // again delays nobody, however busy the machine is). Its own utilisation counts up to `most`; `by_others`: that by other pipelines.
  double followers(Clock::time_point now, double most = 1, double by_others = 0) const;

 private:
  // Averages over about the last hundred arrivals and the last ten starts; while there were fewer, over all. In simulations of machines
  // of two and eight cores (see decision.h) weights from 0.01 to 0.03 and from 0.01 to 0.1 did about equally well (on eight cores 0.02
  // for arrivals cost 7 % at the 99th percentile).
  static constexpr double kWeightOfArrivals = 0.01, kWeightOfStarts = 0.1;
  static constexpr double kMostUtilisation = 0.99;
  static constexpr double kPause = 10;               // times the usual gap
  static constexpr std::size_t kWorthOfTheOld = 10;  // gaps, after a pause

  void learn_stream(Microseconds gap);
  Microseconds aged(Microseconds gap, Clock::time_point now) const;

  std::size_t arrivals_ = 0, starts_ = 0, gaps_in_stream_ = 0;
  bool after_pause_ = false;      // came the last one
  Clock::time_point last_{};      // arrival
  Microseconds gap_{};            // between arrivals; 0: not known
  Microseconds gap_in_stream_{};  // but for pauses, unless one follows another
  Microseconds machine_time_{};   // of a task, at its best
  double stretch_ = 1;
  double waited_ = 0, expected_to_wait_ = 0;  // shares of tasks
};

}  // namespace staronnx
