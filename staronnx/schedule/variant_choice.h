// In which of several ways a request should run, as things stand. Pure.
//
// A way is a chain of tasks, such as the segments of one variant of a plan. The requests under way are followed to their ends first, then the
// one that is to come, in each way: every task in the place where it costs least, as decide() counts (its end, and the delay to those that
// come later), or, where there is a limit, as course.h says. Ways are compared by what they take of the machine's time, which is worth as much on
// each worker as the first way, the whole model, gets done there: a cut that only cuts gains nothing. So a request is split when that ends it
// sooner than waiting for a busy fast processor, or in time; or when requests of other pipelines would wait for it: a task that runs is not
// interrupted, but between two segments they may go first. Who asks for more than its share of the machine goes after them: its requests run in the
// way that keeps others waiting least, of those that take little more of the machine's time than the cheapest. With three models on two
// cores, the third asking for three times what the machine can do, 7 and 1 of 100 of its requests ran in two segments and whole where all were to run in three, as
// what ways are expected to take is uncertain by as much as they differ; and these were what the slowest hundredth of the others' requests waited for.
//
// What a request under way will need later is taken as booked, though a processor is idle until then. Simulated with a GPU and four cores
// under a latency limit, with a choice of a whole and two splits: requests answered in time 1.06 to 1.09 of those without splits; without
// such bookings 0.8 to 1.0, as requests take the GPU away from one another.
#pragma once

#include <cstddef>
#include <functional>
#include <memory_resource>
#include <span>

#include "staronnx/base/units.h"
#include "staronnx/schedule/course.h"
#include "staronnx/schedule/place.h"

namespace staronnx {

struct Outlook {
  std::span<const Place> places;       // as places_of() gives them
  std::span<const Microseconds> busy;  // by worker: for how much longer; 0: idle
  std::span<const Chain> under_way;    // the most urgent first
  std::span<const Chain> ways;         // of the request to come; at least one
  double followers = 0;                // how many tasks that are to come later it delays; see Demand
  double others_per_us = 0;            // tasks of other pipelines that come
  // How long a task of a chain (numbered through: those under way, then the ways) is expected to take in a place, with bringing its data
  // there from a memory.
  std::function<Microseconds(std::size_t chain, std::size_t task, std::size_t place, unsigned from)> time;
  bool beyond_share = false;  // its pipeline asks for more than its share, beside others
};

struct Choice {
  std::size_t way = 0;
  Microseconds end{};  // of the request, from now

  bool operator==(const Choice&) const = default;
};

// Of the ways that are in time the one that costs least (or keeps others waiting least, see above), equal costs: the first; where none is, the one that ends first. What is allocated comes from `memory`.
Choice choose_way(const Outlook& outlook, std::pmr::memory_resource* memory = std::pmr::get_default_resource());

}  // namespace staronnx
