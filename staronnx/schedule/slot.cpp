#include "staronnx/schedule/slot.h"

#include <algorithm>
#include <cstdlib>
#include <new>
#include <string>
#include <utility>

#include "staronnx/schedule/flavour.h"
#include "staronnx/schedule/policy.h"

namespace staronnx {
namespace {

void task_finished(void* argument) {
  auto& task = *static_cast<SegmentTask*>(argument);
  starpu_task& ended = *starpu_task_get_current();
  const std::unique_ptr<Word, decltype(&std::free)> answer(static_cast<Word*>(std::exchange(ended.cl_ret, nullptr)), &std::free);
  task.slot->finish(task, {answer.get(), answer ? ended.cl_ret_size / sizeof(Word) : 0});
}

// StarPU frees what is allocated here.
template <class T>
T* allocated(std::size_t count) {
  auto* memory = static_cast<T*>(std::malloc(count * sizeof(T)));
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

Slot::Slot(const PreparedVariant& variant, Owner owner)
    : variant_(variant),
      owner_(std::move(owner)),
      inputs_count_(
          static_cast<std::size_t>(std::ranges::count_if(route_.tensors, [](const RouteTensor& t) { return !t.producer; }))),
      buffers_(route_.tensors.size()),
      tasks_(variant.segments.size()),
      runs_(variant.segments.size()),
      outputs_(route_.outputs.size()) {
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    tasks_[i].slot = this;
    tasks_[i].segment = variant.segments[i].get();
    tasks_[i].position = i;
    tasks_[i].pipeline = owner_.pipeline;
    tasks_[i].share = owner_.share;
    tasks_[i].inputs.resize(route_.segments[i].reads.size());
    tasks_[i].outputs.resize(route_.segments[i].writes.size());
  }
}

void Slot::fit(std::span<const std::size_t> capacity) {
  for (std::size_t i = owner_.several_memories ? 0 : inputs_count_; i < buffers_.size(); ++i) {
    if (buffers_[i] && buffers_[i]->bytes().size() >= capacity[i] && !buffers_[i]->kept()) continue;
    buffers_[i] = std::make_unique<DataBuffer>(capacity[i], owner_.several_memories);
  }
}

void Slot::claim(RequestId request, const Forecast& forecast) {
  request_ = request;
  forecast_ = forecast;
  cancelled_ = false;
  failed_ = false;
  cut_short_ = false;
}

void Slot::cancel(RequestId request) {
  if (request_ == request) cancelled_ = true;
}

void Slot::start(Request request, std::optional<Trial> trial) {
  trial_ = trial;
  done_ = std::move(request.done);
  inputs_ = std::move(request.inputs);
  if (owner_.several_memories) share_inputs();
  std::size_t first = 0;  // tasks that nothing comes before
  for (SegmentTask& task : tasks_) {
    task.urgency = request.urgency;
    task.deadline = request.deadline.at;
    task.request = request.id;
    task.status = Status();
    task.here_only = false;
    task.missing = route_.segments[task.position].predecessors;
    task.starts_with = task.missing == 0 ? request.starts_with.value_or(request.id) : request.id;
    if (task.missing == 0) ++first;
  }
  under_way_ = first;  // and not this thread, too: it may be the last to get on, and answers nobody
  for (SegmentTask* task = tasks_.data(); first > 0; ++task) {
    if (route_.segments[task->position].predecessors > 0) continue;
    --first;
    submit(*task);  // after the last the slot may be another request's, or gone
  }
}

void Slot::share_inputs() {
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    const std::span<const std::byte> data = std::as_const(inputs_[i]).data();
    if (buffers_[i]->bytes().size() < data.size()) buffers_[i] = std::make_unique<DataBuffer>(data.size(), true);
    buffers_[i]->renew(data.size());
    if (!kSimulated) std::ranges::copy(data, buffers_[i]->bytes().begin());  // where nobody reads it
  }
}

void Slot::submit(SegmentTask& task, bool announced) {
  task.announced = announced;
  task.place.reset();
  task.mates.clear();
  task.batch = 1;
  task.member = 0;
  task.memory = STARPU_MAIN_RAM;
  task.prefetched.reset();
  task.transfer = task.exposed = {};
  task.argument.assign(1, reinterpret_cast<Word>(&task));
  starpu_task& submitted = task.starpu.idle();
  submitted.cl = &task.segment->codelet();
  const bool tried = trial_ && !task.here_only && task.segment->runs_in(trial_->worker);
  submitted.execute_on_a_specific_worker = tried ? 1 : 0;
  submitted.workerid = tried ? trial_->worker : 0;
  submitted.callback_func = task_finished;
  submitted.callback_arg = &task;
  if (owner_.several_memories) {
    address_to_nodes(task);
    submitted.where = task.here_only ? STARPU_CPU : -1;
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
  submitted.cl_arg = task.argument.data();
  submitted.cl_arg_size = task.argument.size() * sizeof(Word);
  if (const int failure = starpu_task_submit(&submitted); failure != 0) {
    task.status = Error{ErrorCode::internal,
                        "StarPU took no task for " + task.segment->name() + " (error " + std::to_string(-failure) + ")"};
    failed_ = true;
    leave();
  }
}

void Slot::finish(SegmentTask& task, std::span<const Word> from_node) {
  task.held.release();
  if (!from_node.empty() && !ran_on_node(task, from_node)) {
    if (task.place) task_ended(task);
    return submit(task);
  }
  if (from_node.empty() && task.memory != STARPU_MAIN_RAM && task.status) {  // on a GPU
    SegmentRun& as_run = runs_[task.position];
    as_run.end = Clock::now();
    const auto place = static_cast<std::size_t>(as_run.place);
    if (task.member == 0 || as_run.batch == 1) learn(task, owner_.gpu_turns->took(place, as_run.begin, as_run.end));
  }
  for (const std::size_t successor : route_.segments[task.position].successors) {
    if (tasks_[successor].missing.fetch_sub(1) > 1) continue;
    if (failed()) {
      cut_short_ = true;
      continue;
    }
    ++under_way_;
    submit(tasks_[successor], task.place.has_value());
  }
  if (task.place) task_ended(task);
  leave(!owner_.several_memories);
}

void Slot::leave(bool answer_here) {
  if (under_way_.fetch_sub(1) > 1) return;
  outputs_held_ = owner_.several_memories && !failed() && !cut_short_;
  outputs_held_ ? fetch_outputs() : owner_.finished(*this, answer_here);
}

void Slot::fetch_outputs() {
  on_their_way_ = 1;  // this
  for (const std::size_t tensor : route_.outputs) {
    if (!route_.tensors[tensor].producer) continue;
    ++on_their_way_;
    starpu_data_acquire_on_node_cb(buffers_[tensor]->handle(), STARPU_MAIN_RAM, STARPU_R, output_is_here, this);
  }
  fetched_output();
}

void Slot::output_is_here(void* slot) {
  static_cast<Slot*>(slot)->fetched_output();
}

void Slot::fetched_output() {
  if (on_their_way_.fetch_sub(1) == 1) owner_.finished(*this, false);
}

void Slot::bind(SegmentTask& task) {
  const SegmentRoute& route = route_.segments[task.position];
  for (std::size_t i = 0; i < route.reads.size(); ++i) task.inputs[i] = view(route.reads[i]);
  for (std::size_t i = 0; i < route.writes.size(); ++i) {
    task.outputs[i].buffer = buffers_[route.writes[i]]->bytes();
    task.outputs[i].overflow.clear();
  }
}

Microseconds Slot::time_of_inputs(const SegmentTask& task, unsigned memory) const {
  Microseconds time{};
  for (std::size_t i = 0; i < task.inputs.size(); ++i) {
    const std::size_t tensor = route_.segments[task.position].reads[i];
    int allocated = 0, valid = 0, requested = 0;
    starpu_data_query_status(buffers_[tensor]->handle(), static_cast<int>(memory), &allocated, &valid, &requested);
    if (valid != 0) continue;
    const std::optional<Producer>& producer = route_.tensors[tensor].producer;
    const unsigned from = producer ? tasks_[producer->segment].memory : STARPU_MAIN_RAM;
    time += owner_.links->time(from, memory, Bytes{task.inputs[i].data.size()});
  }
  return time;
}

Microseconds Slot::time_of_outputs(const SegmentTask& task, unsigned memory) const {
  Microseconds time{};
  if (memory == STARPU_MAIN_RAM) return time;
  for (std::size_t i = 0; i < task.outputs.size(); ++i) {
    if (std::ranges::find(route_.outputs, route_.segments[task.position].writes[i]) == route_.outputs.end()) continue;
    time += owner_.links->time(memory, STARPU_MAIN_RAM, Bytes{task.outputs[i].buffer.size()});
  }
  return time;
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
  for (const std::size_t tensor : route_.outputs) {
    if (outputs_held_ && route_.tensors[tensor].producer)
      starpu_data_release_on_node(buffers_[tensor]->handle(), STARPU_MAIN_RAM);
  }
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
  return Response{outputs_, runs_, variant_.name, [this](std::span<const std::byte> data) { return keep(data); }};
}

std::shared_ptr<const std::byte> Slot::keep(std::span<const std::byte> data) {
  for (const std::size_t tensor : route_.outputs) {
    if (!route_.tensors[tensor].producer || data.data() != buffers_[tensor]->bytes().data()) continue;
    return 2 * data.size() < buffers_[tensor]->bytes().size() ? nullptr : buffers_[tensor]->keep();
  }
  return nullptr;
}

}  // namespace staronnx
