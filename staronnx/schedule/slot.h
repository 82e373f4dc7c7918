// The place of one request inside StarPU: a buffer for every tensor that its segments write, and a task for every segment, both used by
// one request after another. A segment's task is submitted when what it reads is there. Where all tasks run in one memory, StarPU
// need not know the data, and the request's inputs are read where they are; else they are copied into buffers that StarPU copies
// to other memories (10 us for 600 kB, in caches).
//
//   free -> start(request) -> tasks run, in any order that the data allows -> finished(slot) -> answer() -> free
//
// When a segment fails, the request's later segments are skipped and its answer is that failure.
#pragma once

#include <starpu.h>

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/schedule/data_buffer.h"
#include "staronnx/schedule/links.h"
#include "staronnx/schedule/pipeline.h"
#include "staronnx/schedule/prepared_variant.h"
#include "staronnx/schedule/request.h"
#include "staronnx/schedule/reused_task.h"
#include "staronnx/schedule/words.h"

namespace staronnx {

class Slot;

// One segment of the request in a slot. Its address is the first word of its StarPU task's argument; what follows is for nodes.
struct SegmentTask {
  Slot* slot = nullptr;
  PreparedSegment* segment = nullptr;
  std::size_t position = 0;
  Clock::time_point urgency{};  // of the request
  RequestId request{};
  std::size_t pipeline = 0;          // its number
  double share = 1;                  // of the pipeline
  std::optional<std::size_t> place;  // given by StarONNX's own policy; else the worker's
  // Given by it, too: tasks of the same segment, of other requests, that run with this one.
  std::vector<SegmentTask*> mates;
  bool stackable = false;   // its inputs with those of others
  RequestId starts_with{};  // before that one is ready, nothing is decided of it; mostly itself
  bool has_run = false;
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
  bool here_only = false;                 // not on nodes
  std::vector<Word> argument;             // of its StarPU task
  std::atomic<std::size_t> missing = 0;   // segments before it that have not run
  ReusedTask starpu;
};

class Slot {
 public:
  // The pipeline, as far as a slot goes. `finished` is called when the last task of a request has run;
  // `answer_here`: on a core's worker, which may answer it; else it must be short.
  struct Owner {
    std::size_t pipeline = 0;
    double share = 1;
    bool several_memories = false;                      // in which tasks may run
    const Links* links = nullptr;                       // between them; outlives the slot
    const std::atomic<std::size_t>* waiting = nullptr;  // requests of the pipeline that no slot has yet; outlives the slot
    std::function<void(Slot&, bool answer_here)> finished;
  };

  // `variant` outlives the slot.
  Slot(const PreparedVariant& variant, Owner owner);
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;

  const PreparedVariant& variant() const { return variant_; }

  // Makes the buffers that segments write at least as large as `capacity` says, by tensor of the route. Before the first start().
  void fit(std::span<const std::size_t> capacity);

  // The slot is the request's from now on, until it is answered; and may be told that it is cancelled. These two never at the same time.
  void claim(RequestId request);
  void cancel(RequestId request);  // nothing when the slot is another's
  RequestId request() const { return *request_; }

  // Takes over the inputs and submits the tasks; all to one worker, as a trial, when that is given.
  void start(Request request, std::optional<unsigned> trial_on = {});

  // Raises `capacity`, by tensor of the route, to what the finished request needed.
  void raise(std::span<std::size_t> capacity) const;

  // Tells the caller of the request what came of it, then gives back its inputs' memory and what outputs took beyond the buffers.
  void answer();

  // On a worker: does the task's work; and what follows it. `from_node`: what a node answered, when one did the work.
  void run(SegmentTask& task) noexcept;
  void finish(SegmentTask& task, std::span<const Word> from_node);
  // The same on a GPU's worker, for what StarPU's `interfaces` show there of the tensors read, then of those written. The work is done, and
  // finish() is called, when the worker's stream has come so far.
  void enqueue(SegmentTask& task, void** interfaces) noexcept;

  // Once the segments before it have run: shows the task its tensors where they are in RAM.
  void bind(SegmentTask& task);
  bool reads_in_ram(const SegmentTask& task) const;
  // With several memories only: what it takes to bring a task's inputs to a memory, and outputs of the model back.
  Microseconds time_of_inputs(const SegmentTask& task, unsigned memory) const;
  Microseconds time_of_outputs(const SegmentTask& task, unsigned memory) const;
  bool failed() const { return failed_ || cancelled_; }
  std::size_t requests_waiting() const { return *owner_.waiting; }

 private:
  void share_inputs();
  void address_to_nodes(SegmentTask& task);
  void submit(SegmentTask& task);
  void ended_elsewhere(SegmentTask& task, Microseconds took);
  bool ran_on_node(SegmentTask& task, std::span<const Word> answer);
  void leave(bool answer_here = false);
  void fetch_outputs();
  void fetched_output();
  static void output_is_here(void* slot);
  void run_alone(SegmentTask& task, std::size_t place);
  void run_with_mates(SegmentTask& task, std::size_t place);
  void ran(SegmentTask& task, const SegmentRun& as_run, Status status);
  TensorView view(std::size_t tensor) const;
  Result<Response> response();

  const PreparedVariant& variant_;
  const Route& route_ = variant_.route;
  const Owner owner_;
  const std::size_t inputs_count_;
  std::vector<std::unique_ptr<DataBuffer>> buffers_;  // by tensor of the route; of inputs only with several memories
  std::vector<Tensor> inputs_;                        // the request's, by input of the model; the first tensors of the route
  std::vector<SegmentTask> tasks_;                    // by segment, as runs_
  std::vector<SegmentRun> runs_;
  std::vector<TensorView> outputs_;  // by output of the model
  std::optional<RequestId> request_;
  std::optional<unsigned> trial_on_;           // the only worker
  std::atomic<bool> cancelled_ = false;        // segments that have not begun are skipped
  std::atomic<bool> failed_ = false;           // the same
  std::atomic<bool> cut_short_ = false;        // some were, because of the one or the other
  std::atomic<std::size_t> under_way_ = 0;     // tasks
  std::atomic<std::size_t> on_their_way_ = 0;  // outputs
  bool outputs_held_ = false;                  // in RAM, until the request is answered
  Pipeline::Done done_;
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
