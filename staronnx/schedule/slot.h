// The place of one request inside StarPU: a buffer for every tensor that its segments write, and a task for every segment, both used by
// one request after another. A segment's task is submitted when what it reads is there. Where all tasks run in one memory, StarPU
// need not know the data, and the request's inputs are read where they are; else they are copied into buffers that StarPU copies
// to other memories (10 us for 600 kB, in caches).
//
// An answer may keep the memory of an output; the slot has other memory then for its next request.
//
//   free -> start(request) -> tasks run, in any order that the data allows -> finished(slot) -> answer() -> free
//
// When a segment fails, the request's later segments are skipped and its answer is that failure.
//
// slot.cpp is a request's way through its slot, slot_runs.cpp what its tasks do on workers.
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
#include "staronnx/schedule/gpu_turns.h"
#include "staronnx/schedule/links.h"
#include "staronnx/schedule/pipeline.h"
#include "staronnx/schedule/prepared_variant.h"
#include "staronnx/schedule/request.h"
#include "staronnx/schedule/segment_task.h"
#include "staronnx/schedule/words.h"

namespace staronnx {

class Slot {
 public:
  // The pipeline, as far as a slot goes. `finished` is called when the last task of a request has run;
  // `answer_here`: on a core's worker, which may answer it; else it must be short.
  struct Owner {
    std::size_t pipeline = 0;
    double share = 1;
    bool several_memories = false;                      // in which tasks may run
    const Links* links = nullptr;                       // between them; outlives the slot
    GpuTurns* gpu_turns = nullptr;                      // null where nothing runs on GPUs; outlives the slot
    const std::atomic<std::size_t>* waiting = nullptr;  // requests of the pipeline that no slot has yet; outlives the slot
    std::function<void(Slot&, bool answer_here)> finished;
  };

  // `variant` outlives the slot.
  Slot(const PreparedVariant& variant, Owner owner);
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;

  const PreparedVariant& variant() const { return variant_; }

  // Makes the buffers that segments write at least as large as `capacity` says, by tensor of the route, and nobody else's. Before the first
  // start(), and before each one where answers keep outputs.
  void fit(std::span<const std::size_t> capacity);

  // When the owner expected the answer, if it did: after `end`, as seen when the request was taken on.
  struct Forecast {
    Clock::time_point seen{};
    Microseconds end{};  // 0: it did not
  };

  // The slot is the request's from now on, until it is answered; and may be told that it is cancelled. These two never at the same time.
  void claim(RequestId request, const Forecast& forecast);
  void cancel(RequestId request);  // nothing when the slot is another's
  RequestId request() const { return *request_; }
  const Forecast& forecast() const { return forecast_; }

  // A request that is to show what segments take on one worker, where those run that can; made of so many that are stacked.
  struct Trial {
    unsigned worker = 0;
    int batch = 1;
  };

  // Takes over the inputs and submits the tasks.
  void start(Request request, std::optional<Trial> trial = {});

  // Raises `capacity`, by tensor of the route, to what the finished request needed.
  void raise(std::span<std::size_t> capacity) const;

  // Tells the caller of the request what came of it, then gives back its inputs' memory and what outputs took beyond the buffers.
  void answer();

  // Where there are several memories: brings what the task's mates read to the worker that is to run it.
  void bring_mates(SegmentTask& task, unsigned worker);
  // When the worker fetches a task: fixes who takes part in the batch that it leads; tells a node which part the task has in one.
  void join(SegmentTask& task);
  void tell_node(SegmentTask& task, starpu_task& starpu, unsigned memory);

  // On a worker: does the task's work; and what follows it. `from_node`: what a node answered, when one did the work.
  void run(SegmentTask& task) noexcept;
  void finish(SegmentTask& task, std::span<const Word> from_node);
  // The same on a GPU's worker, for what StarPU's `interfaces` show there of the tensors read, then of those written. The work is done, and
  // finish() is called, when the worker's stream has come so far.
  void enqueue(SegmentTask& task, void** interfaces) noexcept;

  // Once the segments before it have run: shows the task its tensors where they are in RAM.
  void bind(SegmentTask& task);
  // With several memories only: what it takes to bring a task's inputs to a memory, and outputs of the model back.
  Microseconds time_of_inputs(const SegmentTask& task, unsigned memory) const;
  Microseconds time_of_outputs(const SegmentTask& task, unsigned memory) const;
  bool failed() const { return failed_ || cancelled_; }
  std::size_t requests_waiting() const { return *owner_.waiting; }

 private:
  void share_inputs();
  void address_to_nodes(SegmentTask& task);
  void submit(SegmentTask& task, bool announced = false);
  void learn(const SegmentTask& task, Microseconds took);
  bool ran_on_node(SegmentTask& task, std::span<const Word> answer);
  bool take_outputs(SegmentTask& task, WordReader& words);
  void leave(bool answer_here = false);
  void fetch_outputs();
  void fetched_output();
  static void output_is_here(void* slot);
  void compute(SegmentTask& task, std::size_t place, void** interfaces) noexcept;
  void show(SegmentTask& task, void** interfaces);
  void look_in(SegmentTask& task, unsigned memory);
  void leave_outputs(SegmentTask& task);
  Status run_alone(SegmentTask& task, std::size_t place);
  Status run_with_mates(SegmentTask& task, std::size_t place);
  void note_batch(const SegmentTask& task, const SegmentRun& as_run);
  void ran(SegmentTask& task, Status status);
  TensorView view(std::size_t tensor) const;
  Result<Response> response();
  std::shared_ptr<const std::byte> keep(std::span<const std::byte> data);

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
  Forecast forecast_;
  std::optional<Trial> trial_;
  std::atomic<bool> cancelled_ = false;        // segments that have not begun are skipped
  std::atomic<bool> failed_ = false;           // the same
  std::atomic<bool> cut_short_ = false;        // some were, because of the one or the other
  std::atomic<std::size_t> under_way_ = 0;     // tasks
  std::atomic<std::size_t> on_their_way_ = 0;  // outputs
  bool outputs_held_ = false;                  // in RAM, until the request is answered
  Pipeline::Done done_;
};

}  // namespace staronnx
