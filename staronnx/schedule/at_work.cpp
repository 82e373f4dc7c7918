#include "staronnx/schedule/at_work.h"

#include <algorithm>

namespace staronnx {
namespace {

// What runs longer than expected is expected to go on for this share of its time.
constexpr double kOverdue = 0.05;

}  // namespace

void AtWork::start(const Place& place, Clock::time_point now, Microseconds expected) {
  Microseconds wait{};
  for (const std::size_t other : place.beside) wait = std::max(wait, left(other, now));
  const Clock::time_point begin = Deadline::after(wait, now).at;
  for (const std::size_t worker : place.workers) workers_[worker] = {&place, begin, Deadline::after(expected, begin).at, false};
}

void AtWork::computed(const Place& place, Clock::time_point now) {
  const Worker ended = workers_[place.workers.front()];
  if (ended.computed) return;
  for (const std::size_t other : place.beside) {
    Worker& next = workers_[other];
    if (!is_before(ended, next)) continue;
    next.begin += now - ended.end;
    next.end += now - ended.end;
  }
  for (const std::size_t worker : place.workers) workers_[worker].computed = true, workers_[worker].end = now;
}

void AtWork::finish(const Place& place, Clock::time_point now) {
  computed(place, now);
  for (const std::size_t worker : place.workers) workers_[worker].place = nullptr;
}

bool AtWork::awaits_turn(std::size_t worker) const {
  const Worker& at = workers_[worker];
  return at.place != nullptr &&
         std::ranges::any_of(at.place->beside, [&](std::size_t other) { return is_before(workers_[other], at); });
}

Microseconds AtWork::left(std::size_t worker, Clock::time_point now) const {
  const Worker& at = workers_[worker];
  if (at.place == nullptr) return {};
  const Microseconds time = at.end - at.begin;
  Microseconds left = std::max({Microseconds(at.end - now), kOverdue * time, Microseconds(1)});
  for (const std::size_t other : at.place->beside) {
    if (is_before(workers_[other], at)) left = std::max(left, this->left(other, now) + time);
  }
  return left;
}

bool AtWork::is_before(const Worker& other, const Worker& worker) {
  return other.place != nullptr && !other.computed && worker.place != nullptr && other.begin < worker.begin;
}

}  // namespace staronnx
