// StarPU's side of StarONNX's scheduling policy: tells decide() of tasks that become ready and of workers that become idle, and hands out
// what it says. Every task of the context is a segment's (see slot.h).
//
//   ready (push_task) -> waiting -> assigned to the place's first worker (pop_task) -> running -> done (task_ended())
//
// Tasks are assigned to idle workers only; the others of a place get none until the task is done. A worker that has none sleeps in pop_task where
// there is but one memory; with several, it sees to transfers, too, and sleeps at the IdleGate.
#pragma once

#include <starpu.h>
#include <starpu_scheduler.h>

#include <cstddef>
#include <span>
#include <vector>

#include "staronnx/base/deadline.h"
#include "staronnx/schedule/place.h"
#include "staronnx/schedule/prepared_variant.h"
#include "staronnx/schedule/segment_task.h"
#include "staronnx/schedule/variant_choice.h"

namespace staronnx {

constexpr const char* kPolicyName = "staronnx";

// To be given to starpu_init(). Lives as long as the program.
starpu_sched_policy& staronnx_policy();

// Before the first task: where tasks may run, and whether data is sent there ahead. The policy must be the one in use.
void set_places(std::vector<Place> places, bool ahead);

// Before StarPU ends: workers without a task sleep in the policy, where they would not notice. The policy must be the one in use.
void keep_workers_awake();

// A task that the policy gave a place has run. What of its request is ready now has been submitted before, announced: else others would take
// its place in between. Thread-safe.
void task_ended(SegmentTask& task);

// Which variant a request of the pipeline should run that starts now, and when it would end. Thread-safe; the policy must be the one in use.
Choice choose_variant(std::span<const PreparedVariant> variants, std::size_t pipeline, Deadline deadline);

}  // namespace staronnx
