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
  auto& finished = *static_cast<SegmentTask*>(task);
  finished.slot->finish(finished);
}

// StarPU frees what is allocated here.
template <class T>
T* allocated(std::size_t count) {
  auto* memory = static_cast<T*>(std::malloc(count * sizeof(T)));
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

Slot::Slot(const Route& route, std::span<const std::unique_ptr<PreparedSegment>> segments, Owner owner)
    : route_(route),
      owner_(std::move(owner)),
      inputs_count_(
          static_cast<std::size_t>(std::ranges::count_if(route.tensors, [](const RouteTensor& t) { return !t.producer; }))),
      buffers_(route.tensors.size()),
      tasks_(segments.size()),
      runs_(segments.size()),
      outputs_(route.outputs.size()) {
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
  for (std::size_t i = owner_.several_memories ? 0 : inputs_count_; i < buffers_.size(); ++i) {
    if (buffers_[i] && buffers_[i]->bytes().size() >= capacity[i]) continue;
    buffers_[i] = std::make_unique<DataBuffer>(capacity[i], owner_.several_memories);
  }
}

void Slot::claim(RequestId request) {
  request_ = request;
  cancelled_ = false;
  failed_ = false;
  cut_short_ = false;
}

void Slot::cancel(RequestId request) {
  if (request_ == request) cancelled_ = true;
}

void Slot::start(Request request) {
  done_ = std::move(request.done);
  inputs_ = std::move(request.inputs);
  if (owner_.several_memories) share_inputs();
  under_way_ = 1;  // this
  for (SegmentTask& task : tasks_) {
    task.urgency = request.urgency;
    task.request = request.id;
    task.status = Status();
    task.has_run = false;
    task.missing = route_.segments[task.position].predecessors;
  }
  for (SegmentTask& task : tasks_) {
    if (route_.segments[task.position].predecessors == 0) submit(task);
  }
  leave();
}

void Slot::share_inputs() {
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    const std::span<const std::byte> data = std::as_const(inputs_[i]).data();
    if (buffers_[i]->bytes().size() < data.size()) buffers_[i] = std::make_unique<DataBuffer>(data.size(), true);
    buffers_[i]->renew(data.size());
    std::ranges::copy(data, buffers_[i]->bytes().begin());
  }
}

void Slot::submit(SegmentTask& task) {
  ++under_way_;
  task.place.reset();
  task.mates.clear();
  starpu_task& submitted = task.starpu.idle();
  submitted.cl = &task.segment->codelet();
  submitted.cl_arg = &task;
  submitted.callback_func = task_finished;
  submitted.callback_arg = &task;
  if (owner_.several_memories) {
    const SegmentRoute& route = route_.segments[task.position];
    const std::size_t count = route.reads.size() + route.writes.size();
    submitted.nbuffers = static_cast<int>(count);
    if (submitted.dyn_handles == nullptr) {
      submitted.dyn_handles = allocated<starpu_data_handle_t>(count);
      submitted.dyn_modes = allocated<starpu_data_access_mode>(count);
      std::fill_n(submitted.dyn_modes, count, STARPU_W);
      std::fill_n(submitted.dyn_modes, route.reads.size(), STARPU_R);
    }
    std::free(std::exchange(submitted.dyn_interfaces, nullptr));  // StarPU allocates it anew
    starpu_data_handle_t* handle = submitted.dyn_handles;
    for (const std::size_t tensor : route.reads) *handle++ = buffers_[tensor]->handle();
    for (const std::size_t tensor : route.writes) *handle++ = buffers_[tensor]->handle();
  }
  if (const int failure = starpu_task_submit(&submitted); failure != 0) {
    task.status = Error{ErrorCode::internal,
                        "StarPU took no task for " + task.segment->name() + " (error " + std::to_string(-failure) + ")"};
    failed_ = true;
    leave();
  }
}

void Slot::finish(SegmentTask& task) {
  for (const std::size_t successor : route_.segments[task.position].successors) {
    if (tasks_[successor].missing.fetch_sub(1) > 1) continue;
    failed() ? void(cut_short_ = true) : submit(tasks_[successor]);
  }
  leave();
}

void Slot::leave() {
  if (under_way_.fetch_sub(1) == 1) owner_.finished(*this);
}

void Slot::run(SegmentTask& task) noexcept {
  const std::size_t place = task.place.value_or(static_cast<std::size_t>(starpu_worker_get_id()));
  if (task.has_run) return;
  if (failed()) {
    cut_short_ = true;
    return;
  }
  try {
    bind(task);
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
    mate->slot->bind(*mate);
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

void Slot::bind(SegmentTask& task) {
  const SegmentRoute& route = route_.segments[task.position];
  for (std::size_t i = 0; i < route.reads.size(); ++i) task.inputs[i] = view(route.reads[i]);
  for (std::size_t i = 0; i < route.writes.size(); ++i) {
    task.outputs[i].buffer = buffers_[route.writes[i]]->bytes();
    task.outputs[i].overflow.clear();
  }
}

TensorView Slot::view(std::size_t tensor) const {
  const std::optional<Producer>& producer = route_.tensors[tensor].producer;
  return producer ? tasks_[producer->segment].outputs[producer->output].view : inputs_[tensor].view();
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
  inputs_.clear();
  for (SegmentTask& task : tasks_) {
    for (OutputSlot& output : task.outputs) output.overflow = {};
  }
}

Result<Response> Slot::response() {
  for (const SegmentTask& task : tasks_) {
    if (!task.status) return task.status.error();
  }
  if (cut_short_) return Error{ErrorCode::cancelled, "the request was cancelled"};
  for (std::size_t i = 0; i < outputs_.size(); ++i) outputs_[i] = view(route_.outputs[i]);
  return Response{outputs_, runs_};
}

extern "C" {

void staronnx_run_segment_task(void**, void* task) noexcept {
  auto& segment_task = *static_cast<SegmentTask*>(task);
  segment_task.slot->run(segment_task);
}

double staronnx_cost_of_segment_task(starpu_task* task, unsigned worker, unsigned) noexcept {
  return static_cast<const SegmentTask*>(task->cl_arg)->segment->expected(worker, 1).count();
}

}  // extern "C"

}  // namespace staronnx
