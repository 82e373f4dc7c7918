#include "staronnx/schedule/demand.h"

#include <algorithm>

#include "staronnx/plan/queueing.h"

namespace staronnx {

void Demand::arrived(Clock::time_point now, const Arrival& arrival) {
  const auto average = [](auto& value, auto next) { value += kWeight * (next - value); };
  if (any_) {
    const Microseconds gap = now - last_;
    gap_.count() > 0 ? average(gap_, gap) : void(gap_ = gap);
    average(machine_time_, arrival.machine_time);
    const double most = kMostUtilisation * arrival.servers;
    const double load = gap_.count() > 0 ? std::min(arrival.service / gap_, most) : most;
    average(waited_, arrival.waits ? 1.0 : 0.0);
    average(expected_to_wait_, waiting_probability(arrival.servers, load));
  } else {
    machine_time_ = arrival.machine_time;
  }
  any_ = true;
  last_ = now;
}

Microseconds Demand::gap_at(Clock::time_point now) const {
  const Microseconds since = now - last_;
  return since > gap_ ? gap_ + kWeight * (since - gap_) : gap_;
}

double Demand::utilisation(Clock::time_point now) const {
  return gap_.count() > 0 ? machine_time_ / gap_at(now) : 0;
}

double Demand::followers(Clock::time_point now, double most, double by_others) const {
  if (gap_.count() <= 0) return 0;
  const double all = std::min(kMostUtilisation, std::min(utilisation(now), most) + by_others);
  const double chance = std::min(1.0, waited_ / std::max(expected_to_wait_, 1e-3));
  return chance * all / (1 - all);
}

}  // namespace staronnx
