#include "staronnx/schedule/slot.h"

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <new>
#include <string>
#include <utility>

namespace staronnx {
namespace {

void task_finished(void* task) {
  static_cast<SegmentTask*>(task)->slot->finish_task();
}

// StarPU frees what is allocated here.
starpu_data_handle_t* allocated_handles(std::size_t count) {
  auto* handles = static_cast<starpu_data_handle_t*>(std::malloc(count * sizeof(starpu_data_handle_t)));
  if (handles == nullptr) throw std::bad_alloc();
  return handles;
}

}  // namespace

Slot::Slot(const Route& route, std::span<const std::unique_ptr<PreparedSegment>> segments, Owner owner)
    : route_(route),
      owner_(std::move(owner)),
      buffers_(route.tensors.size()),
      tasks_(segments.size()),
      runs_(segments.size()),
      outputs_(route.outputs.size()) {
  for (const RouteTensor& tensor : route.tensors) {
    if (!tensor.producer) inputs_.emplace_back();
  }
  for (std::size_t i = 0; i < segments.size(); ++i) {
    tasks_[i].slot = this;
    tasks_[i].segment = segments[i].get();
    tasks_[i].position = i;
    tasks_[i].pipeline = owner_.pipeline;
    tasks_[i].share = owner_.share;
    tasks_[i].inputs.resize(route.segments[i].reads.size());
    tasks_[i].outputs.resize(route.segments[i].writes.size());
  }
}

void Slot::fit(std::span<const std::size_t> capacity) {
  for (std::size_t i = inputs_.size(); i < buffers_.size(); ++i) {
    if (buffers_[i] && buffers_[i]->bytes().size() >= capacity[i]) continue;
    buffers_[i] = std::make_unique<DataBuffer>(Tensor(DataType::uint8, {}, capacity[i]));
  }
}

void Slot::claim(RequestId request) {
  request_ = request;
  cancelled_ = false;
  failed_ = false;
}

void Slot::cancel(RequestId request) {
  if (request_ == request) cancelled_ = true;
}

void Slot::start(Request request) {
  done_ = std::move(request.done);
  unfinished_ = tasks_.size();
  for (std::size_t i = 0; i < inputs_.size(); ++i) load(i, std::move(request.inputs[i]));
  for (SegmentTask& task : tasks_) {
    task.urgency = request.urgency;
    task.request = request.id;
    submit(task);
  }
}

void Slot::load(std::size_t number, Tensor input) {
  inputs_[number] = Input{input.type(), input.shape(), input.data().size()};
  buffers_[number] = std::make_unique<DataBuffer>(std::move(input));
}

void Slot::submit(SegmentTask& task) {
  task.status = Status();
  task.place.reset();
  task.mates.clear();
  task.has_run = false;
  starpu_task* submitted = starpu_task_create();
  submitted->cl = &task.segment->codelet();
  submitted->cl_arg = &task;
  submitted->callback_func = task_finished;
  submitted->callback_arg = &task;
  const SegmentRoute& route = route_.segments[task.position];
  const std::size_t count = route.reads.size() + route.writes.size();
  if (count > STARPU_NMAXBUFS) submitted->dyn_handles = allocated_handles(count);
  starpu_data_handle_t* handle = submitted->dyn_handles != nullptr ? submitted->dyn_handles : submitted->handles;
  for (std::size_t tensor : route.reads) *handle++ = buffers_[tensor]->handle();
  for (std::size_t tensor : route.writes) *handle++ = buffers_[tensor]->handle();
  if (const int failure = starpu_task_submit(submitted); failure != 0) {
    starpu_task_destroy(submitted);
    task.status = Error{ErrorCode::internal,
                        "StarPU took no task for " + task.segment->name() + " (error " + std::to_string(-failure) + ")"};
    failed_ = true;
    finish_task();
  }
}

void Slot::run(SegmentTask& task, void** interfaces) noexcept {
  const std::size_t place = task.place.value_or(static_cast<std::size_t>(starpu_worker_get_id()));
  if (task.has_run) return;
  if (failed()) {
    const Clock::time_point now = Clock::now();
    const Error cancelled{ErrorCode::cancelled, "the request was cancelled"};
    return ran(task, {static_cast<int>(place), 1, now, now}, failed_ ? Status() : Status(cancelled));
  }
  try {
    bind(task, interfaces);
    task.mates.empty() ? run_alone(task, place) : run_with_mates(task, place);
  } catch (const std::exception& exception) {
    ran(task, {}, Error{ErrorCode::internal, task.segment->name() + ": " + exception.what()});
  }
}

void Slot::run_alone(SegmentTask& task, std::size_t place) {
  SegmentRun as_run{static_cast<int>(place), 1, Clock::now(), {}};
  Status status = task.segment->executor(place).run(task.inputs, task.outputs);
  as_run.end = Clock::now();
  if (status) task.segment->observe(place, 1, as_run.end - as_run.begin);
  ran(task, as_run, std::move(status));
}

// When that fails, each runs alone: one request's data may be what is wrong.
void Slot::run_with_mates(SegmentTask& task, std::size_t place) {
  std::vector<SegmentTask*> tasks{&task};
  for (SegmentTask* mate : task.mates) {
    if (mate->slot->failed()) continue;
    mate->slot->bind_in_ram(*mate);
    tasks.push_back(mate);
  }
  const auto batch = static_cast<int>(tasks.size());
  if (std::ranges::find(task.segment->batches(), batch) == task.segment->batches().end()) return run_alone(task, place);
  std::vector<BatchMember> members;
  for (SegmentTask* member : tasks) members.push_back({member->inputs, member->outputs});
  SegmentRun as_run{static_cast<int>(place), batch, Clock::now(), {}};
  const Status status = task.segment->batch_run(place).run(task.segment->executor(place), members);
  as_run.end = Clock::now();
  if (!status) return run_alone(task, place);
  task.segment->observe(place, batch, as_run.end - as_run.begin);
  for (SegmentTask* member : tasks) member->slot->ran(*member, as_run, Status());
}

void Slot::ran(SegmentTask& task, const SegmentRun& as_run, Status status) {
  runs_[task.position] = as_run;
  task.has_run = true;
  task.status = std::move(status);
  if (!task.status) failed_ = true;
}

void Slot::bind(SegmentTask& task, void** interfaces) {
  const SegmentRoute& route = route_.segments[task.position];
  for (std::size_t i = 0; i < route.reads.size(); ++i) task.inputs[i] = view(route.reads[i], bytes_of(interfaces[i]));
  for (std::size_t i = 0; i < route.writes.size(); ++i) {
    task.outputs[i].buffer = bytes_of(interfaces[route.reads.size() + i]);
    task.outputs[i].overflow.clear();
  }
}

void Slot::bind_in_ram(SegmentTask& task) {
  const SegmentRoute& route = route_.segments[task.position];
  for (std::size_t i = 0; i < route.reads.size(); ++i) task.inputs[i] = view(route.reads[i], buffers_[route.reads[i]]->bytes());
  for (std::size_t i = 0; i < route.writes.size(); ++i) {
    task.outputs[i].buffer = buffers_[route.writes[i]]->bytes();
    task.outputs[i].overflow.clear();
  }
}

TensorView Slot::view(std::size_t tensor, std::span<const std::byte> buffer) const {
  const std::optional<Producer>& producer = route_.tensors[tensor].producer;
  if (!producer) return {inputs_[tensor].type, inputs_[tensor].shape, buffer.first(inputs_[tensor].bytes)};
  const OutputSlot& output = tasks_[producer->segment].outputs[producer->output];
  if (!output.overflow.empty()) return output.view;
  return {output.view.type, output.view.shape, buffer.first(output.view.data.size())};
}

void Slot::finish_task() {
  if (unfinished_.fetch_sub(1) == 1) owner_.finished(*this);
}

void Slot::raise(std::span<std::size_t> capacity) const {
  for (std::size_t i = 0; i < buffers_.size(); ++i) {
    const std::optional<Producer>& producer = route_.tensors[i].producer;
    if (producer) capacity[i] = std::max(capacity[i], tasks_[producer->segment].outputs[producer->output].overflow.size());
  }
}

void Slot::answer() {
  done_(response());
  done_ = nullptr;
  for (std::size_t i = 0; i < inputs_.size(); ++i) buffers_[i] = nullptr;
  for (SegmentTask& task : tasks_) {
    for (OutputSlot& output : task.outputs) output.overflow = {};
  }
}

Result<Response> Slot::response() {
  for (const SegmentTask& task : tasks_) {
    if (!task.status) return task.status.error();
  }
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    const std::size_t tensor = route_.outputs[i];
    outputs_[i] = view(tensor, buffers_[tensor]->bytes());
  }
  return Response{outputs_, runs_};
}

extern "C" {

void staronnx_run_segment_task(void** interfaces, void* task) noexcept {
  auto& segment_task = *static_cast<SegmentTask*>(task);
  segment_task.slot->run(segment_task, interfaces);
}

double staronnx_cost_of_segment_task(starpu_task* task, unsigned worker, unsigned) noexcept {
  return static_cast<const SegmentTask*>(task->cl_arg)->segment->expected(worker, 1).count();
}

}  // extern "C"

}  // namespace staronnx
