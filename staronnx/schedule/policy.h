// StarPU's side of StarONNX's scheduling policy: tells decide() of tasks that become ready and of workers that become idle, and hands out
// what it says. Every task of the context is a segment's (see slot.h).
//
//   ready (push_task) -> waiting -> assigned to the place's first worker (pop_task) -> running -> done (post_exec_hook)
//
// Tasks are assigned to idle workers only; the others of a place get none until the task is done.
#pragma once

#include <starpu.h>
#include <starpu_scheduler.h>

#include <cstddef>
#include <span>
#include <vector>

#include "staronnx/schedule/place.h"
#include "staronnx/schedule/prepared_variant.h"
#include "staronnx/schedule/variant_choice.h"

namespace staronnx {

constexpr const char* kPolicyName = "staronnx";

// To be given to starpu_init(). Lives as long as the program.
starpu_sched_policy& staronnx_policy();

// Before the first task: where tasks may run, and whether data is sent there ahead. The policy must be the one in use.
void set_places(std::vector<Place> places, bool ahead);

// Which variant a request of the pipeline should run that starts now, and when it would end. Thread-safe; the policy must be the one in use.
Choice choose_variant(std::span<const PreparedVariant> variants, std::size_t pipeline);

}  // namespace staronnx
