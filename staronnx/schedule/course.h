// How the tasks of a request that is to end in time go through the machine, one after another, beside what is booked. Pure.
#pragma once

#include <cstddef>
#include <functional>
#include <limits>
#include <memory_resource>
#include <vector>

#include "staronnx/base/units.h"
#include "staronnx/schedule/timetable.h"

namespace staronnx {

constexpr Microseconds kNoLimit{std::numeric_limits<double>::infinity()};

// A request is in time when so many times what its answer is forecast to take is within its deadline. Under overload it is forecast to end just
// then, as those before it were refused, and what runs vary would make half of them late. In virtual time, ResNet-50 on a GPU with sixteen
// cores, within twice the GPU's time, four times as many requests as can be answered: of the answers 0.94 are in time with 1.1, 0.99 with 1.15, at the same rate;
// of those cut into 80 and 20 % 0.86 and 0.95.
constexpr double kCaution = 1.15;

// Tasks of one request, one after another.
struct Chain {
  std::size_t tasks = 0;
  Microseconds ready_in{};        // the first of them
  unsigned memory = 0;            // where its data is
  Microseconds limit = kNoLimit;  // within which the last of them is to end
};

struct Course {
  struct Step {
    std::size_t place = 0;
    Microseconds begin, end;
  };
  std::pmr::vector<Step> steps;  // by task
  Microseconds end{};            // of the last
};

// How long a task of a chain is expected to take in a place, with bringing its data there from a memory.
using TimeOfTask = std::function<Microseconds(std::size_t chain, std::size_t task, std::size_t place, unsigned from)>;

// Every task where it costs least, as decide() counts, with so many `followers` that it delays. Where the last would be late so, where it takes least of
// the workers that others ask for, too; or, where that is late as well, ends soonest. `number`: the chain's for `time`.
Course course_of(std::size_t number, const Chain& chain, const Timetable& timetable, double followers, const TimeOfTask& time,
                 std::pmr::memory_resource* memory);

void book(Timetable& timetable, const Course& course);

}  // namespace staronnx
