// What requests that are to end within a limit will need, in one plan for all of them. Pure.
//
// Each is given its course (course.h) after those that came before it. One that would be late so goes before as few of them as need be, where
// it and all others are still in time: a processor that is idle until a request's next task comes is then used, and that task comes a little later.
#pragma once

#include <cstddef>
#include <memory_resource>
#include <optional>
#include <span>
#include <vector>

#include "staronnx/base/units.h"
#include "staronnx/schedule/course.h"
#include "staronnx/schedule/place.h"
#include "staronnx/schedule/timetable.h"

namespace staronnx {

class Agenda {
 public:
  struct Entry {
    std::size_t number = 0;  // of the chain for `time`
    Chain chain = {};
    double followers = 0;   // that it delays
    std::size_t first = 0;  // of its tasks: for `time`, its tasks begin with this one
  };

  // As Timetable; `time` outlives it, too.
  Agenda(std::span<const Place> places, std::span<const Microseconds> busy, const TimeOfTask& time, std::pmr::memory_resource* memory);

  // With all that is in it.
  const Timetable& timetable() const { return timetable_; }

  // How it would go.
  Course course_of(const Entry& entry) const;
  Course add(const Entry& entry);
  // The first task of the entry that was added last takes its step, whatever is added later.
  void fix_first(const Course::Step& step);

  // Not to be moved; see Timetable.
  void book(std::size_t place, Microseconds begin, Microseconds end);
  void book_from_before(std::size_t place, Microseconds begin, Microseconds end);
  void take(std::size_t place);

 private:
  struct Planned {
    Entry entry;
    Microseconds end{};
  };
  // With the entry at a position among those planned.
  struct Plan {
    Timetable timetable;
    std::pmr::vector<Planned> planned;
    Course course;
    std::size_t position = 0;
  };

  Course course_in(const Timetable& timetable, const Entry& entry) const;
  std::optional<Plan> plan_with(const Entry& entry, std::size_t position) const;
  Plan best_plan(const Entry& entry) const;

  const TimeOfTask& time_;
  std::pmr::memory_resource* memory_;
  Timetable fixed_;      // without what is planned
  Timetable timetable_;  // with it
  std::pmr::vector<Planned> planned_;
  std::size_t last_ = 0;  // added
};

}  // namespace staronnx
