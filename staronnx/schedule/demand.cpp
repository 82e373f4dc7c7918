#include "staronnx/schedule/demand.h"

#include <algorithm>

#include "staronnx/plan/queueing.h"

namespace staronnx {

namespace {

// Moves an average of `count` values, the last of which is `next`.
template <class T>
void average(T& value, T next, std::size_t count, double least_weight) {
  value += std::max(least_weight, 1 / static_cast<double>(count)) * (next - value);
}

}  // namespace

void Demand::arrived(Clock::time_point now, Microseconds machine_time) {
  if (++arrivals_ > 1) {
    const Microseconds gap = now - last_;
    average(gap_, gap, arrivals_ - 1, kWeightOfArrivals);
    learn_stream(gap);
  }
  average(machine_time_, machine_time, arrivals_, kWeightOfArrivals);
  last_ = now;
}

void Demand::learn_stream(Microseconds gap) {
  const bool pause = gaps_in_stream_ > 0 && gap > kPause * gap_in_stream_;
  if (pause) gaps_in_stream_ = std::min(gaps_in_stream_, kWorthOfTheOld);
  if (!pause || after_pause_) average(gap_in_stream_, gap, ++gaps_in_stream_, kWeightOfArrivals);
  after_pause_ = pause;
}

void Demand::started(bool waited, int servers, Microseconds service, double stretch) {
  if (gap_in_stream_.count() <= 0) return;
  ++starts_;
  const double load = std::min(service / gap_in_stream_, kMostUtilisation * servers);
  average(stretch_, stretch, starts_, kWeightOfStarts);
  average(waited_, waited ? 1.0 : 0.0, starts_, kWeightOfStarts);
  average(expected_to_wait_, waiting_probability(servers, load), starts_, kWeightOfStarts);
}

Microseconds Demand::aged(Microseconds gap, Clock::time_point now) const {
  const Microseconds since = now - last_;
  return since > gap ? gap + kWeightOfArrivals * (since - gap) : gap;
}

bool Demand::active(Clock::time_point now) const {
  return now - last_ <= kPause * gap_;
}

double Demand::per_us(Clock::time_point now) const {
  return gap_.count() > 0 ? 1 / aged(gap_, now).count() : 0;
}

double Demand::utilisation(Clock::time_point now) const {
  return machine_time_.count() * per_us(now);
}

double Demand::followers(Clock::time_point now, double most, double by_others) const {
  if (gap_in_stream_.count() <= 0) return 0;
  const double own = now - last_ > kPause * gap_in_stream_ ? 0 : stretch_ * (machine_time_ / aged(gap_in_stream_, now));
  const double all = std::min(kMostUtilisation, std::min(own, most) + by_others);
  const double chance = std::min(1.0, waited_ / std::max(expected_to_wait_, 1e-3));
  return chance * all / (1 - all);
}

}  // namespace staronnx
