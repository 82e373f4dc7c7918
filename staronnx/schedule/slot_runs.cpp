// What the tasks of a slot do on workers; of the node's end, see node.cpp.
//
//   a task's argument  its address | segment | member | inputs: count, tensors | mates: count, for each where its inputs are
//   a node's answer    0 | nanoseconds that the run took | requests that ran as one | for each output: whether it fits, tensor
#include <starpu.h>

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <exception>
#include <string>
#include <utility>

#include "staronnx/schedule/node_run.h"
#include "staronnx/schedule/node_words.h"
#include "staronnx/schedule/slot.h"

namespace staronnx {
namespace {

constexpr std::size_t kMemberWord = 2;

SegmentTask& segment_at(const void* argument) {
  return *reinterpret_cast<SegmentTask*>(*static_cast<const Word*>(argument));  // NOLINT(performance-no-int-to-ptr)
}

}  // namespace

// What overflowed its buffer is in this process only.
void Slot::address_to_nodes(SegmentTask& task) {
  bind(task);
  for (const std::size_t tensor : route_.segments[task.position].reads) {
    const std::optional<Producer>& producer = route_.tensors[tensor].producer;
    if (producer && !tasks_[producer->segment].outputs[producer->output].overflow.empty()) task.here_only = true;
  }
  task.argument.push_back(task.segment->number());
  task.argument.push_back(0);  // kMemberWord
  task.argument.push_back(std::ssize(task.inputs));
  for (const TensorView& input : task.inputs) put_tensor(task.argument, input);
  task.argument.push_back(0);  // mates
}

void Slot::bring_mates(SegmentTask& task, unsigned worker) {
  std::vector<starpu_data_handle_t> data;
  for (const SegmentTask* mate : task.mates) {
    for (const std::size_t tensor : mate->slot->route_.segments[mate->position].reads)
      data.push_back(mate->slot->buffers_[tensor]->handle());
  }
  task.held.bring(std::move(data), worker);
}

// When there are others than the policy thought, each runs alone: what a batch of that size takes is not known.
void Slot::join(SegmentTask& task) {
  for (SegmentTask* mate : task.mates) mate->member = mate->slot->failed() ? 0 : task.batch++;
  if (std::ranges::count(task.segment->batches(), static_cast<int>(task.batch)) > 0) return;
  for (SegmentTask* mate : task.mates) mate->member = 0;
  task.batch = 1;
}

void Slot::tell_node(SegmentTask& task, starpu_task& starpu, unsigned memory) {
  task.argument[kMemberWord] = static_cast<Word>(task.member);
  task.argument.back() = static_cast<Word>(task.batch - 1);
  for (const SegmentTask* mate : task.mates) {
    if (mate->member == 0) continue;
    for (const std::size_t tensor : mate->slot->route_.segments[mate->position].reads)
      task.argument.push_back(reinterpret_cast<Word>(mate->slot->buffers_[tensor]->bytes_in(memory).data()));
  }
  starpu.cl_arg = task.argument.data();
  starpu.cl_arg_size = task.argument.size() * sizeof(Word);
}

void Slot::run(SegmentTask& task) noexcept {
  compute(task, task.place.value_or(static_cast<std::size_t>(starpu_worker_get_id())), nullptr);
}

void Slot::enqueue(SegmentTask& task, void** interfaces) noexcept {
  compute(task, static_cast<std::size_t>(starpu_worker_get_id()), interfaces);  // the worker is the place, too
}

void Slot::compute(SegmentTask& task, std::size_t place, void** interfaces) noexcept {
  BatchRun& batch = task.segment->batch_run(place);
  if (task.batch > 1) batch.forget();
  if (failed()) {
    cut_short_ = true;
    return;
  }
  try {
    bind(task);
    if (interfaces != nullptr) show(task, interfaces);
    const bool was_run = task.member > 0 && batch.requests() > 0;
    Status status = was_run          ? batch.hand_out(task.member, task.outputs)
                    : task.batch > 1 ? run_with_mates(task, place)
                                     : run_alone(task, place);
    if (status && interfaces != nullptr) leave_outputs(task);
    ran(task, std::move(status));
  } catch (const std::exception& exception) {
    ran(task, Error{ErrorCode::internal, task.segment->name() + ": " + exception.what()});
  }
}

// Its tensors where they are in the worker's memory.
void Slot::show(SegmentTask& task, void** interfaces) {
  task.memory = starpu_worker_get_memory_node(static_cast<unsigned>(starpu_worker_get_id()));
  for (TensorView& input : task.inputs) input.data = bytes_of(*interfaces++).first(input.data.size());
  for (OutputSlot& output : task.outputs) output.buffer = bytes_of(*interfaces++);
}

void Slot::look_in(SegmentTask& task, unsigned memory) {
  bind(task);
  const std::vector<std::size_t>& reads = route_.segments[task.position].reads;
  for (std::size_t i = 0; memory != STARPU_MAIN_RAM && i < reads.size(); ++i)
    task.inputs[i].data = buffers_[reads[i]]->bytes_in(memory).first(task.inputs[i].data.size());
}

// They are shown where they will be in RAM.
void Slot::leave_outputs(SegmentTask& task) {
  for (std::size_t i = 0; i < task.outputs.size(); ++i) {
    OutputSlot& output = task.outputs[i];
    if (!output.overflow.empty()) continue;  // in RAM
    DataBuffer& buffer = *buffers_[route_.segments[task.position].writes[i]];
    buffer.use(output.view.data.size(), task.memory);
    output.view.data = buffer.bytes().first(output.view.data.size());
  }
}

// On a GPU the run is only put into the stream: finish() sees its end.
Status Slot::run_alone(SegmentTask& task, std::size_t place) {
  SegmentRun& as_run = runs_[task.position] = {static_cast<int>(place), 1, Clock::now(), {}};
  Status status = task.segment->device(place).run(task.inputs, task.outputs);
  as_run.end = Clock::now();
  if (status && task.memory == STARPU_MAIN_RAM) learn(task, as_run.end - as_run.begin);
  return status;
}

// When that fails, each runs alone: one request's data may be what is wrong.
Status Slot::run_with_mates(SegmentTask& task, std::size_t place) {
  boost::container::small_vector<std::span<const TensorView>, 32> requests{task.inputs};
  for (SegmentTask* mate : task.mates) {
    if (mate->member == 0) continue;
    mate->slot->look_in(*mate, task.memory);
    requests.push_back(mate->inputs);
  }
  SegmentRun as_run{static_cast<int>(place), static_cast<int>(task.batch), Clock::now(), {}};
  BatchRun& batch = task.segment->batch_run(place);
  if (!batch.run({requests.data(), requests.size()}, task.outputs)) return run_alone(task, place);
  as_run.end = Clock::now();
  note_batch(task, as_run);
  if (task.memory == STARPU_MAIN_RAM) learn(task, as_run.end - as_run.begin);
  return batch.hand_out(0, task.outputs);
}

void Slot::note_batch(const SegmentTask& task, const SegmentRun& as_run) {
  runs_[task.position] = as_run;
  for (const SegmentTask* mate : task.mates) {
    if (mate->member > 0) mate->slot->runs_[mate->position] = as_run;
  }
}

void Slot::ran(SegmentTask& task, Status status) {
  runs_[task.position].transfer = task.transfer;
  runs_[task.position].exposed = task.exposed;
  task.status = std::move(status);
  if (!task.status) failed_ = true;
}

// From those who ran it themselves, and where they were to.
void Slot::learn(const SegmentTask& task, Microseconds took) {
  const SegmentRun& as_run = runs_[task.position];
  const auto place = static_cast<std::size_t>(as_run.place);
  if ((task.member > 0 && as_run.batch > 1) || (trial_ && place != trial_->worker)) return;
  trial_ ? task.segment->tried(place, trial_->batch, took) : task.segment->observe(place, as_run.batch, took);
}

// False when an output found no room there: the task is to run here then, where there always is.
bool Slot::ran_on_node(SegmentTask& task, std::span<const Word> answer) {
  const auto worker = static_cast<unsigned>(starpu_worker_get_id());  // the place, too
  SegmentRun as_run{static_cast<int>(worker), 1, Clock::now(), Clock::now()};
  WordReader words(answer);
  if (Status status = take_status(words); !status) {
    runs_[task.position] = as_run;
    ran(task, with_context(task.segment->name(), status.error()));
    return true;
  }
  const std::chrono::nanoseconds took(words.number());
  as_run.batch = static_cast<int>(words.number());
  as_run.begin = as_run.end - std::chrono::duration_cast<Clock::duration>(took);
  if (task.member == 0 || as_run.batch == 1) {
    as_run.batch > 1 ? note_batch(task, as_run) : void(runs_[task.position] = as_run);
    learn(task, took);
  }
  task.memory = starpu_worker_get_memory_node(worker);
  if (!take_outputs(task, words)) return false;
  ran(task, Status());
  return true;
}

bool Slot::take_outputs(SegmentTask& task, WordReader& words) {
  for (std::size_t i = 0; i < task.outputs.size(); ++i) {
    const bool fits = words.number() != 0;
    const TensorWords tensor = take_tensor(words);
    OutputSlot& output = task.outputs[i];
    if (!fits || tensor.bytes > output.buffer.size()) {
      task.here_only = true;
      return false;
    }
    output.shape.assign(tensor.shape.begin(), tensor.shape.end());
    output.view = {tensor.type, output.shape, output.buffer.first(tensor.bytes)};
    buffers_[route_.segments[task.position].writes[i]]->use(tensor.bytes, task.memory);
  }
  return true;
}

SegmentTask& segment_of(const starpu_task& task) {
  return segment_at(task.cl_arg);
}

extern "C" {

void staronnx_run_segment_task(void** interfaces, void* argument) noexcept {
  if (is_node()) return run_on_node(interfaces, argument);
  SegmentTask& task = segment_at(argument);
  task.slot->run(task);
}

void staronnx_enqueue_segment_task(void** interfaces, void* argument) noexcept {
  SegmentTask& task = segment_at(argument);
  task.slot->enqueue(task, interfaces);
}

double staronnx_cost_of_segment_task(starpu_task* task, unsigned worker, unsigned) noexcept {
  return segment_of(*task).segment->expected(worker, 1).count();
}

}  // extern "C"

}  // namespace staronnx
