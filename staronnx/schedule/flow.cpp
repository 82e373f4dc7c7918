#include "staronnx/schedule/flow.h"

#include <algorithm>
#include <string>
#include <utility>

namespace staronnx {
namespace {

// Requests inside StarPU: for each worker one that runs and one that is next, so that no worker waits for the flow's thread; where requests
// run in batches, a batch is next. Measured with SqueezeNet on two groups of one core, against two bare threads of ONNX Runtime: 0.81
// of their rate with one per worker, 1.0 with two.
std::size_t window_for(std::size_t workers, const std::vector<std::unique_ptr<PreparedSegment>>& segments) {
  int batch = 1;
  for (const auto& segment : segments) batch = std::max(batch, segment->batches().back());
  return workers * (1 + static_cast<std::size_t>(batch));
}

Status check(const Signature& signature, const std::vector<Tensor>& inputs) {
  std::vector<TensorView> views;
  views.reserve(inputs.size());
  for (const Tensor& input : inputs) views.push_back(input.view());
  return check_inputs(signature, views);
}

}  // namespace

Flow::Flow(Runtime::State& runtime, Signature signature, Route route, std::vector<std::unique_ptr<PreparedSegment>> segments,
           const PipelineOptions& options)
    : runtime_(runtime),
      signature_(std::move(signature)),
      route_(std::move(route)),
      segments_(std::move(segments)),
      window_(options.window > 0 ? static_cast<std::size_t>(options.window) : window_for(runtime.groups.size(), segments_)),
      waiting_(options.queue) {
  for (const RouteTensor& tensor : route_.tensors) capacity_.push_back(tensor.bytes.count);
  server_ = std::thread([this] { serve(); });
}

Flow::~Flow() {
  {
    const std::lock_guard lock(bell_->mutex);
    closing_ = true;
  }
  bell_->rung.notify_one();
  server_.join();
}

Status Flow::submit(std::vector<Tensor> inputs, Deadline deadline, Pipeline::Done done) {
  if (Status fits = check(signature_, inputs); !fits) return fits;
  if (deadline.passed(Clock::now())) return Error{ErrorCode::deadline_exceeded, "the deadline had passed when the request came"};
  Request request{std::move(inputs), std::move(done), deadline};
  Slot* slot = nullptr;
  {
    const std::lock_guard lock(bell_->mutex);
    slot = free_slot();
    if (slot == nullptr) {
      if (waiting_.full()) return Error{ErrorCode::unavailable, "the queue is full; try again later"};
      const bool expires_first = deadline < waiting_.next_deadline();
      waiting_.push(deadline, std::move(request));
      if (expires_first) bell_->rung.notify_one();
      return {};
    }
  }
  start(*slot, std::move(request));
  return {};
}

Slot* Flow::free_slot() {
  if (free_.empty()) {
    if (slots_.size() == window_) return nullptr;
    free_.push_back(&slots_.emplace_back(route_, segments_, [this](Slot& done) { finished(done); }));
  }
  Slot* slot = free_.back();
  free_.pop_back();
  slot->fit(capacity_);
  return slot;
}

void Flow::start(Slot& slot, Request request) {
  IdleGate& gate = runtime_.gate;  // the answer may come, and the flow go, before this thread gets on
  gate.enter();
  slot.start(std::move(request), runtime_.requests.fetch_add(1));
  gate.wake();
}

void Flow::finished(Slot& slot) {
  runtime_.gate.leave();
  const std::shared_ptr<Bell> bell = bell_;
  {
    const std::lock_guard lock(bell->mutex);
    finished_.push_back(&slot);
  }
  bell->rung.notify_one();
}

void Flow::serve() {
  Lock lock(bell_->mutex);
  for (;;) {
    if (closing_ && !waiting_.empty()) {
      refuse(lock, waiting_.take_all(), {ErrorCode::cancelled, "the pipeline was closed while the request waited"});
    } else if (waiting_.next_deadline().passed(Clock::now())) {
      refuse(lock, waiting_.take_expired(Clock::now()),
             {ErrorCode::deadline_exceeded, "the deadline passed while the request waited"});
    } else if (!finished_.empty()) {
      answer_finished(lock);
    } else if (closing_ && free_.size() == slots_.size()) {
      return;
    } else if (waiting_.next_deadline() == Deadline::never()) {
      bell_->rung.wait(lock);
    } else {
      bell_->rung.wait_until(lock, waiting_.next_deadline().at);
    }
  }
}

void Flow::answer_finished(Lock& lock) {
  Slot& slot = *finished_.front();
  finished_.pop_front();
  slot.raise(capacity_);  // before the answer: the caller's next request may come at once
  lock.unlock();
  slot.answer();
  lock.lock();
  if (waiting_.empty()) {
    free_.push_back(&slot);
    return;
  }
  Request next = waiting_.pop();
  slot.fit(capacity_);
  lock.unlock();
  start(slot, std::move(next));
  lock.lock();
}

void Flow::refuse(Lock& lock, const std::vector<Request>& requests, const Error& reason) {
  lock.unlock();
  for (const Request& request : requests) request.done(reason);
  lock.lock();
}

}  // namespace staronnx
