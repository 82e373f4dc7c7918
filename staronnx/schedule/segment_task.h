// One segment of the request in a slot, as a task of StarPU's.
#pragma once

#include <starpu.h>

#include <atomic>
#include <cstddef>
#include <optional>
#include <vector>

#include "staronnx/base/deadline.h"
#include "staronnx/base/ids.h"
#include "staronnx/base/result.h"
#include "staronnx/base/units.h"
#include "staronnx/execute/engine.h"
#include "staronnx/model/tensor.h"
#include "staronnx/schedule/held_inputs.h"
#include "staronnx/schedule/prepared_segment.h"
#include "staronnx/schedule/reused_task.h"
#include "staronnx/schedule/words.h"

namespace staronnx {

class Slot;

// Its address is the first word of its StarPU task's argument; what follows is for nodes (see slot_runs.cpp).
struct SegmentTask {
  Slot* slot = nullptr;
  PreparedSegment* segment = nullptr;
  std::size_t position = 0;
  Clock::time_point urgency{};  // of the request
  Clock::time_point deadline{};
  RequestId request{};
  std::size_t pipeline = 0;          // its number
  double share = 1;                  // of the pipeline
  std::optional<std::size_t> place;  // given by StarONNX's own policy; else the worker's
  // Given by it, too: tasks of the same segment, of other requests, that are to run with this one; StarPU runs them after it on the same
  // worker. This one runs for all, and each then takes its outputs.
  std::vector<SegmentTask*> mates;
  HeldInputs held;              // of the mates, where there are several memories
  std::size_t batch = 1;        // requests for which it runs
  std::size_t member = 0;       // where another runs for it: its number in that batch
  bool stackable = false;       // its inputs with those of others
  RequestId starts_with{};      // before that one is ready, nothing is decided of it; mostly itself
  Clock::time_point fetched{};  // by the worker, when StarONNX's own policy gave it; from then on the place waits for the inputs
  Clock::time_point sent{};     // when the inputs began to go to its place: then, or before
  Microseconds transfer{};      // of the inputs, as expected at that time
  Microseconds exposed{};       // of that, what was not hidden
  Microseconds machine_time{};  // of the whole machine, that it was expected to take when it became ready
  Clock::time_point ready_since;  // known to the policy since
  std::vector<TensorView> inputs;
  std::vector<OutputSlot> outputs;
  Status status;
  unsigned memory = 0;                    // where it ran, so where its outputs are
  std::optional<std::size_t> prefetched;  // place to which its inputs were sent before it was decided that it runs there
  bool announced = false;                 // the policy is told right after it is ready: till then it decides nothing
  bool here_only = false;                 // not on nodes
  std::vector<Word> argument;             // of its StarPU task
  std::atomic<std::size_t> missing = 0;   // segments before it that have not run
  ReusedTask starpu;
};

// The segment that a StarPU task is for.
SegmentTask& segment_of(const starpu_task& task);

// What StarPU calls. C functions by name, so that other processes of the same program can find them.
extern "C" {
void staronnx_run_segment_task(void** interfaces, void* argument) noexcept;
void staronnx_enqueue_segment_task(void** interfaces, void* argument) noexcept;
double staronnx_cost_of_segment_task(starpu_task* task, unsigned worker, unsigned implementation) noexcept;
}

}  // namespace staronnx
