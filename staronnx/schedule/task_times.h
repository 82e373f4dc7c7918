// What tasks are expected to take in the places of the runtime, with bringing their data there, as the policy tells decide() and
// choose_way(): from the segments' cost models and the links.
#pragma once

#include <cstddef>
#include <span>

#include "staronnx/base/deadline.h"
#include "staronnx/base/units.h"
#include "staronnx/schedule/course.h"
#include "staronnx/schedule/place.h"
#include "staronnx/schedule/prepared_variant.h"
#include "staronnx/schedule/segment_task.h"

namespace staronnx {

class TaskTimes {
 public:
  TaskTimes() = default;  // of no places: nothing may be asked
  // As places_of() gives them, one for each of the workers first; they outlive the object.
  TaskTimes(std::span<const Place> places, std::size_t workers);

  std::size_t memories() const { return memories_; }  // places are in those with smaller numbers
  bool several_memories() const { return memories_ > 1; }

  // A task that is ready, in a batch of so many that it leads. Infinite where it cannot run.
  Microseconds of(const SegmentTask& task, std::size_t place, int batch) const;
  // And what it takes as one of so many that may run as one, at best.
  Microseconds each(const SegmentTask& task, std::size_t place, std::size_t together) const;
  // A segment that is not ready yet, where its data comes from a memory; the same.
  Microseconds each(const PreparedVariant& variant, std::size_t segment, std::size_t place, unsigned from,
                    std::size_t together) const;

  // What is left to do of the request of a task that is ready or running. `busy`: by worker, for how much longer.
  Chain rest_of(const SegmentTask& task, std::span<const Microseconds> busy, Clock::time_point now) const;
  // Within which a request is to end; none as long as its deadline is far off.
  Microseconds limit_of(Clock::time_point deadline, const PreparedVariant& variant, Clock::time_point now) const;

  // With every worker at work, each at its own speed.
  Microseconds machine_time_of(const SegmentTask& task) const;
  // Of a task that takes `service` in the place; see Demand.
  double stretch_of(const SegmentTask& task, std::size_t place, Microseconds service) const;
  // Whether every segment takes equally long on all of them.
  bool workers_alike(const PreparedVariant& variant) const;

 private:
  Microseconds moving_time_of(const SegmentTask& task, std::size_t place, int batch) const;

  std::span<const Place> places_;
  std::size_t workers_ = 0, memories_ = 1;
};

}  // namespace staronnx
