// How much work comes to a pipeline, and how it comes, learnt from the tasks themselves. Pure: moments are passed in.
#pragma once

#include "staronnx/base/deadline.h"
#include "staronnx/base/units.h"

namespace staronnx {

class Demand {
 public:
  // A task that came.
  struct Arrival {
    Microseconds machine_time{};  // that it takes with every worker at work, each at its best
    bool waits = false;           // it could not start at once
    int servers = 1;              // how many such tasks run at once, in places like the one it is given
    Microseconds service{};       // how long it takes there
  };

  void arrived(Clock::time_point now, const Arrival& arrival);

  // Of the machine, by what came lately; above 1 when more comes than the machine can do. 0 while nothing is known.
  double utilisation(Clock::time_point now) const;

  // How many of the tasks to come are delayed, for each task that is there, by one that takes longer: utilisation / (1 - utilisation), as in a
  // busy period under Poisson arrivals; less where tasks wait less often than Poisson arrivals do (a caller that waits for its answer
  // before it asks again delays nobody, however busy the machine is). Its own utilisation counts up to `most`; `by_others`: that by other
  // pipelines.
  double followers(Clock::time_point now, double most = 1, double by_others = 0) const;

 private:
  // Averages over about the last hundred tasks. In simulations, thirty made the worst case 5 % worse.
  static constexpr double kWeight = 0.01;
  static constexpr double kMostUtilisation = 0.99;

  Microseconds gap_at(Clock::time_point now) const;

  Clock::time_point last_{};
  bool any_ = false;
  Microseconds gap_{};           // between arrivals; 0: not known
  Microseconds machine_time_{};  // of a task
  double waited_ = 1, expected_to_wait_ = 1;
};

}  // namespace staronnx
