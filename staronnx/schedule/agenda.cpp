#include "staronnx/schedule/agenda.h"

#include <algorithm>
#include <functional>
#include <utility>
#include <cstdlib>

namespace staronnx {

Agenda::Agenda(std::span<const Place> places, std::span<const Microseconds> busy, const TimeOfTask& time,
               std::pmr::memory_resource* memory)
    : time_(time), memory_(memory), fixed_(places, busy, memory), timetable_(places, busy, memory), planned_(memory) {}

Course Agenda::course_in(const Timetable& timetable, const Entry& entry) const {
  const TimeOfTask later = [&](std::size_t number, std::size_t task, std::size_t place, unsigned from) {
    return time_(number, entry.first + task, place, from);
  };
  return staronnx::course_of(entry.number, entry.chain, timetable, entry.followers, later, memory_);
}

std::optional<Agenda::Plan> Agenda::plan_with(const Entry& entry, std::size_t position) const {
  Plan plan{fixed_, std::pmr::vector<Planned>(memory_), {}, position};
  for (std::size_t i = 0; i <= planned_.size(); ++i) {
    if (i == position) {
      plan.course = course_in(plan.timetable, entry);
      if (plan.course.end > entry.chain.limit) return std::nullopt;
      staronnx::book(plan.timetable, plan.course);
      plan.planned.push_back({entry, plan.course.end});
    }
    if (i == planned_.size()) break;
    const auto& [other, end] = planned_[i];
    const Course course = course_in(plan.timetable, other);
    if (course.end > std::max(other.chain.limit, end)) return std::nullopt;
    staronnx::book(plan.timetable, course);
    plan.planned.push_back({other, course.end});
  }
  return plan;
}

Agenda::Plan Agenda::best_plan(const Entry& entry) const {
  Course after = course_in(timetable_, entry);
  static const bool on = std::getenv("NOAGENDA") == nullptr;
  if (on && after.end > entry.chain.limit) {
    for (std::size_t position = planned_.size(); position-- > 0;) {
      if (std::optional<Plan> plan = plan_with(entry, position)) return *std::move(plan);
    }
  }
  static const bool all = std::getenv("ALLPOS") != nullptr;
  if (all && after.end <= entry.chain.limit) {
    std::pmr::vector<double> prices(memory_);
    double sum = 0;
    for (std::size_t w = 0; w < timetable_.workers(); ++w) {
      Microseconds time{};
      unsigned from = entry.chain.memory;
      for (std::size_t t = 0; t < entry.chain.tasks; ++t) time += time_(entry.number, entry.first + t, w, from), from = timetable_.places()[w].memory;
      prices.push_back(1 / time.count());
      sum += prices.back() / static_cast<double>(1 + timetable_.places()[w].beside.size());
    }
    const auto cost = [&](const Course& course) {
      Microseconds taken{};
      for (const auto& step : course.steps)
        for (const std::size_t w : timetable_.places()[step.place].workers) taken += prices[w] / sum * (step.end - step.begin);
      return course.end + entry.followers * taken;
    };
    std::optional<Plan> best;
    Microseconds least = cost(after);
    for (std::size_t position = planned_.size(); position-- > 0;) {
      std::optional<Plan> plan = plan_with(entry, position);
      if (plan && cost(plan->course) < 0.999 * least) least = cost(plan->course), best.emplace(*std::move(plan));
    }
    if (best) return *std::move(best);
  }
  Plan plan{timetable_, planned_, std::move(after), planned_.size()};
  staronnx::book(plan.timetable, plan.course);
  plan.planned.push_back({entry, plan.course.end});
  return plan;
}

Course Agenda::course_of(const Entry& entry) const {
  return best_plan(entry).course;
}

Course Agenda::add(const Entry& entry) {
  Plan plan = best_plan(entry);
  timetable_ = std::move(plan.timetable);
  planned_ = std::move(plan.planned);
  last_ = plan.position;
  return std::move(plan.course);
}

void Agenda::fix_first(const Course::Step& step) {
  fixed_.book(step.place, step.begin, step.end);
  Entry& entry = planned_[last_].entry;
  ++entry.first;
  entry.chain = {entry.chain.tasks - 1, step.end, timetable_.places()[step.place].memory, entry.chain.limit};
}

void Agenda::book(std::size_t place, Microseconds begin, Microseconds end) {
  fixed_.book(place, begin, end);
  timetable_.book(place, begin, end);
}

void Agenda::book_from_before(std::size_t place, Microseconds begin, Microseconds end) {
  fixed_.book_from_before(place, begin, end);
  timetable_.book_from_before(place, begin, end);
}

void Agenda::take(std::size_t place) {
  fixed_.take(place);
  timetable_.take(place);
}

}  // namespace staronnx
