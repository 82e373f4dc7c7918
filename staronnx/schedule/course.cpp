#include "staronnx/schedule/course.h"

#include <algorithm>

namespace staronnx {
namespace {

// What costs more than the best so far, though it began at once, is not looked at more closely; sums may differ by their rounding.
constexpr double kRounding = 1 + 1e-9;

class Planner {
 public:
  Planner(std::size_t number, const Chain& chain, const Timetable& timetable, const TimeOfTask& time,
          std::pmr::memory_resource* memory)
      : number_(number), chain_(chain), timetable_(timetable), time_(time), memory_(memory), prices_(memory), loads_(memory) {}

  // Each task in the place where it costs least: its end, and the machine's time that it takes, as often as `weight` says; `scarce`: of that, only
  // what others ask for.
  Course follow(double weight, bool scarce_only) {
    Course course{std::pmr::vector<Course::Step>(memory_), chain_.ready_in};
    unsigned from = chain_.memory;
    for (std::size_t task = 0; task < chain_.tasks; ++task) {
      find_prices(task, from, scarce_only);
      Course::Step best{};
      Microseconds least = kNoLimit;
      for (std::size_t place = 0; place < timetable_.places().size(); ++place) {
        const Microseconds time = time_(number_, task, place, from);
        if (time == kNoLimit || course.end + (1 + weight * price_of(place)) * time > kRounding * least) continue;
        const Microseconds begin = timetable_.begin(place, course.end, time);
        const Microseconds cost = begin + time + weight * taken_time(place, course.end, begin, time);
        if (cost > least || (cost == least && (timetable_.is_idle(best.place) || !timetable_.is_idle(place)))) continue;
        least = cost, best = {place, begin, begin + time};
      }
      course.steps.push_back(best);
      course.end = least == kNoLimit ? kNoLimit : best.end;
      if (course.end == kNoLimit) break;
      from = timetable_.places()[best.place].memory;
    }
    return course;
  }

 private:
  // Of each worker's time for the task: its share of the machine's rate.
  void find_prices(std::size_t task, unsigned from, bool scarce_only) {
    if (scarce_only && loads_.empty()) {
      for (std::size_t worker = 0; worker < timetable_.workers(); ++worker)
        loads_.push_back(timetable_.load(worker, std::max(chain_.limit, Microseconds(1))));
    }
    prices_.clear();
    for (std::size_t worker = 0; worker < timetable_.workers(); ++worker)
      prices_.push_back(1 / time_(number_, task, worker, from).count());
    const double all =
        machine_rate(timetable_.places(), timetable_.workers(), [this](std::size_t worker) { return prices_[worker]; });
    for (std::size_t worker = 0; worker < timetable_.workers(); ++worker)
      prices_[worker] *= (scarce_only ? loads_[worker] : 1) / all;
  }

  // Of the time of all its workers.
  double price_of(std::size_t place) const {
    double price = 0;
    for (const std::size_t worker : timetable_.places()[place].workers) price += prices_[worker];
    return price;
  }

  // With that for which workers of the place wait for their neighbours.
  Microseconds taken_time(std::size_t place, Microseconds ready, Microseconds begin, Microseconds time) const {
    Microseconds taken{};
    for (const std::size_t worker : timetable_.places()[place].workers)
      taken += prices_[worker] * (begin + time - std::max(ready, timetable_.free_since(worker, begin)));
    return taken;
  }

  const std::size_t number_;
  const Chain& chain_;
  const Timetable& timetable_;
  const TimeOfTask& time_;
  std::pmr::memory_resource* memory_;
  std::pmr::vector<double> prices_, loads_;  // by worker
};

}  // namespace

Course course_of(std::size_t number, const Chain& chain, const Timetable& timetable, double followers, const TimeOfTask& time,
                 std::pmr::memory_resource* memory) {
  Planner planner(number, chain, timetable, time, memory);
  Course first = planner.follow(followers, false);
  for (const double weight : {followers, 1.0, 0.0}) {
    if (first.end <= chain.limit) return first;
    Course course = planner.follow(weight, true);
    if (course.end < first.end) first = std::move(course);
  }
  return first;
}

void book(Timetable& timetable, const Course& course) {
  for (const Course::Step& step : course.steps) timetable.book(step.place, step.begin, step.end);
}

}  // namespace staronnx
