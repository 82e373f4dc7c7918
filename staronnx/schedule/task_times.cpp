#include "staronnx/schedule/task_times.h"

#include <starpu.h>

#include <algorithm>
#include <limits>

#include "staronnx/schedule/slot.h"

namespace staronnx {
namespace {

// A deadline that is so many times further off than what its request takes alone changes nothing yet.
constexpr double kFarOff = 10;

// What a task of its own costs beside its segment's run: requests of segments that compute nothing take so much longer for each (with 64 in
// flight 9 to 18 us, one at a time up to 40 us; docs/performance.md).
constexpr Microseconds kTaskCost{20};

}  // namespace

TaskTimes::TaskTimes(std::span<const Place> places, std::size_t workers)
    : places_(places), workers_(workers), memories_(1 + std::ranges::max(places, {}, &Place::memory).memory) {}

Microseconds TaskTimes::of(const SegmentTask& task, std::size_t place, int batch) const {
  return task.segment->expected(place, batch) + moving_time_of(task, place, batch);
}

Microseconds TaskTimes::each(const SegmentTask& task, std::size_t place, std::size_t together) const {
  return task.segment->expected_each(place, together) + moving_time_of(task, place, 1);
}

Microseconds TaskTimes::each(const PreparedVariant& variant, std::size_t segment, std::size_t place, unsigned from,
                             std::size_t together) const {
  const Microseconds run = variant.segments[segment]->expected_each(place, together) + kTaskCost;
  return several_memories() ? run + moving_time(variant, segment, from, places_[place].memory) : run;
}

// Of its data to the place and back, and of its mates'. Skipped tasks need no node.
Microseconds TaskTimes::moving_time_of(const SegmentTask& task, std::size_t place, int batch) const {
  const unsigned memory = places_[place].memory;
  if (memory != STARPU_MAIN_RAM && (task.here_only || task.slot->failed()))
    return Microseconds(std::numeric_limits<double>::infinity());
  if (!several_memories()) return {};
  return batch * (task.slot->time_of_inputs(task, memory) + task.slot->time_of_outputs(task, memory));
}

Chain TaskTimes::rest_of(const SegmentTask& task, std::span<const Microseconds> busy, Clock::time_point now) const {
  const std::size_t left = task.slot->variant().segments.size() - task.position;
  const Microseconds limit = limit_of(task.deadline, task.slot->variant(), now);
  if (!task.place) return {left, {}, 0, limit};
  const Place& place = places_[*task.place];
  return {left - 1, busy[place.workers.front()], place.memory, limit};
}

Microseconds TaskTimes::limit_of(Clock::time_point deadline, const PreparedVariant& variant, Clock::time_point now) const {
  if (deadline == Deadline::never().at) return kNoLimit;
  Microseconds alone{};
  for (const auto& segment : variant.segments) {
    Microseconds fastest = kNoLimit;
    for (std::size_t worker = 0; worker < workers_; ++worker) fastest = std::min(fastest, segment->expected(worker, 1));
    alone += fastest;
  }
  const Microseconds left = deadline - now;
  return left > kFarOff * alone ? kNoLimit : left / kCaution;
}

Microseconds TaskTimes::machine_time_of(const SegmentTask& task) const {
  return Microseconds(
      1 / machine_rate(places_, workers_, [&](std::size_t worker) { return 1 / task.segment->expected(worker, 1).count(); }));
}

// Beside GPUs and nodes groups of cores count as being at their best: those who come wait for the fast ones (counted otherwise, requests
// took up to 1.12 times as long on simulated machines with GPUs).
double TaskTimes::stretch_of(const SegmentTask& task, std::size_t place, Microseconds service) const {
  if (several_memories()) return 1;
  double alone = 0;  // tasks that its workers would end meanwhile, each for itself
  for (const std::size_t worker : places_[place].workers) alone += service / task.segment->expected(worker, 1);
  return alone;
}

bool TaskTimes::workers_alike(const PreparedVariant& variant) const {
  return std::ranges::all_of(variant.segments, [&](const auto& segment) {
    for (std::size_t worker = 1; worker < workers_; ++worker) {
      if (segment->expected(worker, 1) != segment->expected(0, 1)) return false;
    }
    return true;
  });
}

}  // namespace staronnx
