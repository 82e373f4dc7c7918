#include "staronnx/schedule/flow.h"

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <cmath>
#include <string>
#include <utility>

#include "staronnx/schedule/policy.h"

namespace staronnx {
namespace {

// Requests inside StarPU: for each worker one that runs and one that is next, so that no worker waits for the flow's thread; where requests
// run in batches, a batch is next. Measured with SqueezeNet on two groups of one core, against two bare threads of ONNX Runtime: 0.81
// of their rate with one per worker, 1.0 with two.
std::size_t window_for(std::size_t workers, std::span<const PreparedVariant> variants) {
  int batch = 1;
  for (const PreparedVariant& variant : variants) {
    for (const auto& segment : variant.segments) batch = std::max(batch, segment->batches().back());
  }
  return workers * (1 + static_cast<std::size_t>(batch));
}

// See RequestOptions.
Clock::time_point urgency_of(const RequestOptions& options, Clock::time_point now) {
  const auto patience = std::chrono::duration_cast<Clock::duration>(kPatience);
  return std::min(options.deadline.at, now + patience) + options.priority * patience;
}

std::string in_ms(Microseconds time) {
  return std::to_string(std::llround(Milliseconds(time).count())) + " ms";
}

// When the answer to a request is expected in that time.
Status check_deadline(const Request& request, Microseconds expected, Clock::time_point now) {
  if (request.deadline > Deadline::after(expected, now)) return {};
  const Microseconds left = request.deadline.at - now;
  return Error{ErrorCode::unavailable, "the answer is expected in " + in_ms(expected) + ", the deadline is in " + in_ms(left) +
                                           "; allow more time, or send fewer requests at once"};
}

Status check(const Signature& signature, const std::vector<Tensor>& inputs) {
  boost::container::small_vector<TensorView, 8> views;
  for (const Tensor& input : inputs) views.push_back(input.view());
  return check_inputs(signature, {views.data(), views.size()});
}

}  // namespace

Flow::Flow(Runtime::State& runtime, Signature signature, std::vector<PreparedVariant> variants, const PipelineOptions& options)
    : runtime_(runtime),
      signature_(std::move(signature)),
      variants_(std::move(variants)),
      owner_{runtime.pipelines.fetch_add(1),
             options.share,
             runtime.several_memories(),
             &runtime.links,
             &waiting_count_,
             [this](Slot& done, bool answer_here) { finished(done, answer_here); }},
      window_(options.window > 0 ? static_cast<std::size_t>(options.window)
                                 : window_for(runtime.workers_elsewhere() + runtime.groups.size(), variants_)),
      waiting_(options.queue),
      finished_(window_) {
  for (const PreparedVariant& variant : variants_) {
    Supply& supply = supplies_.emplace_back();
    for (const RouteTensor& tensor : variant.route.tensors) supply.capacity.push_back(tensor.bytes.count);
  }
  server_ = Thread([this] { serve(); });
}

Flow::~Flow() {
  {
    const std::lock_guard lock(bell_->mutex);
    closing_ = true;
  }
  bell_->rung.notify_one();
  server_.join();
}

Result<RequestId> Flow::submit(std::vector<Tensor> inputs, const RequestOptions& options, Pipeline::Done done) {
  if (Status fits = check(signature_, inputs); !fits) return fits.error();
  const Clock::time_point now = Clock::now();
  if (options.deadline.passed(now)) return Error{ErrorCode::deadline_exceeded, "the deadline had passed when the request came"};
  const RequestId id{runtime_.requests.fetch_add(1)};
  Request request{id, std::move(inputs), std::move(done), options.deadline, urgency_of(options, now)};
  Slot* slot = nullptr;
  {
    const std::lock_guard lock(bell_->mutex);
    if (draining_) return Error{ErrorCode::unavailable, "the model is being taken out of service; try another instance"};
    if (in_use_ == window_) {
      if (waiting_.full()) return Error{ErrorCode::unavailable, "Exceeds maximum queue size; try again later"};
      const Microseconds expected = expected_latency(waiting_.before(request.urgency));
      if (Status in_time = check_deadline(request, expected, now); !in_time) return in_time.error();
      const bool expires_first = options.deadline < waiting_.next_deadline();
      waiting_.push(std::move(request));
      note_waiting();
      ++unanswered_;
      if (expires_first) bell_->rung.notify_one();
      return id;
    }
    const Result<std::size_t> variant = choose(request, now);
    if (!variant) return variant.error();
    slot = &take_slot(*variant, id);
    ++unanswered_;
  }
  start(*slot, std::move(request));
  return id;
}

Status Flow::try_on(unsigned worker, std::size_t variant, std::vector<Tensor> inputs) {
  Status came;  // these guarded by the mutex
  bool answered = false;
  Condition changed;
  const RequestId id{runtime_.requests.fetch_add(1)};
  Request request{id, std::move(inputs), {}, Deadline::never(), Clock::now()};
  request.done = [&](const Result<Response>& response) {
    const std::lock_guard lock(bell_->mutex);
    if (!response) came = response.error();
    answered = true;
    changed.notify_one();
  };
  Slot* slot = nullptr;
  {
    const std::lock_guard lock(bell_->mutex);
    slot = &take_slot(variant, id);
    ++unanswered_;
  }
  start(*slot, std::move(request), worker);
  Lock lock(bell_->mutex);
  changed.wait(lock, [&] { return answered; });
  return came;
}

void Flow::cancel(RequestId id) {
  const std::lock_guard lock(bell_->mutex);
  if (std::optional<Request> waiting = waiting_.take(id)) {
    cancelled_.push_back(*std::move(waiting));
    bell_->rung.notify_one();
    return;
  }
  for (Slot& slot : slots_) slot.cancel(id);
}

Status Flow::drain(Deadline deadline) {
  Lock lock(bell_->mutex);
  draining_ = true;
  const auto done = [this] { return unanswered_ == 0; };
  if (deadline == Deadline::never()) {
    all_answered_.wait(lock, done);
    return {};
  }
  if (all_answered_.wait_until(lock, deadline.at, done)) return {};
  const std::size_t dropped = waiting_.size();
  for (Request& request : waiting_.take_all()) cancelled_.push_back(std::move(request));
  bell_->rung.notify_one();
  all_answered_.wait(lock, done);
  return Error{ErrorCode::deadline_exceeded,
               std::to_string(dropped) + " requests still waited at the deadline and were cancelled"};
}

Microseconds Flow::expected_wait() const {
  const std::lock_guard lock(bell_->mutex);
  return waiting_.empty() ? Microseconds(0) : expected_latency(waiting_.size());
}

Microseconds Flow::expected_latency(std::size_t waiting_before) const {
  return rate_.time_for(waiting_before + in_use_ + 1);
}

Result<std::size_t> Flow::choose(const Request& request, Clock::time_point now) const {
  const bool limited = request.deadline != Deadline::never() && in_use_ > 0;
  if (!runtime_.own_policy || (variants_.size() == 1 && !limited)) return std::size_t{0};
  const Choice choice = choose_variant(variants_, owner_.pipeline);
  if (Status in_time = check_deadline(request, choice.end, now); !in_time && limited) return in_time.error();
  return choice.way;
}

Slot& Flow::take_slot(std::size_t variant, RequestId request) {
  Supply& supply = supplies_[variant];
  if (supply.free.empty()) supply.free.push_back(&slots_.emplace_back(variants_[variant], owner_));
  Slot& slot = *supply.free.back();
  supply.free.pop_back();
  ++in_use_;
  slot.claim(request);
  slot.fit(supply.capacity);
  return slot;
}

Flow::Supply& Flow::supply_of(const Slot& slot) {
  return supplies_[static_cast<std::size_t>(&slot.variant() - variants_.data())];
}

void Flow::start(Slot& slot, Request request, std::optional<unsigned> trial_on) {
  IdleGate& gate = runtime_.gate;  // the answer may come, and the flow go, before this thread gets on
  gate.enter();
  slot.start(std::move(request), trial_on);
  gate.wake();
}

void Flow::finished(Slot& slot, bool answer_here) {
  runtime_.gate.leave();
  const std::shared_ptr<Bell> bell = bell_;
  {
    Lock lock(bell->mutex);
    answer_here ? answer(lock, slot) : finished_.push_back(&slot);
    if (answer_here && !closing_) return;
  }
  bell->rung.notify_one();
}

void Flow::serve() {
  Lock lock(bell_->mutex);
  for (;;) {
    note_waiting();
    if (!cancelled_.empty()) {
      refuse(lock, std::exchange(cancelled_, {}), {ErrorCode::cancelled, "the request was cancelled"});
    } else if (closing_ && !waiting_.empty()) {
      refuse(lock, waiting_.take_all(), {ErrorCode::cancelled, "the pipeline was closed while the request waited"});
    } else if (waiting_.next_deadline().passed(Clock::now())) {
      refuse(lock, waiting_.take_expired(Clock::now()),
             {ErrorCode::deadline_exceeded, "the deadline passed while the request waited"});
    } else if (!finished_.empty()) {
      Slot& slot = *finished_.front();
      finished_.pop_front();
      answer(lock, slot);
    } else if (closing_ && in_use_ == 0) {
      return;
    } else if (waiting_.next_deadline() == Deadline::never()) {
      bell_->rung.wait(lock);
    } else {
      bell_->rung.wait_until(lock, waiting_.next_deadline().at);
    }
  }
}

void Flow::answer(Lock& lock, Slot& slot) {
  Supply& supply = supply_of(slot);
  rate_.finished(Clock::now(), !waiting_.empty());
  slot.raise(supply.capacity);  // before the answer: the caller's next request may come at once
  lock.unlock();
  slot.answer();
  lock.lock();
  supply.free.push_back(&slot);
  --in_use_;
  answered(1);
  while (in_use_ < window_ && !waiting_.empty()) start_waiting(lock);
}

void Flow::start_waiting(Lock& lock) {
  Request request = waiting_.pop();
  note_waiting();
  const Result<std::size_t> variant = choose(request, Clock::now());
  if (!variant) {
    std::vector<Request> hopeless;
    hopeless.push_back(std::move(request));
    return refuse(lock, hopeless, variant.error());
  }
  Slot& slot = take_slot(*variant, request.id);
  lock.unlock();
  start(slot, std::move(request));
  lock.lock();
}

void Flow::refuse(Lock& lock, const std::vector<Request>& requests, const Error& reason) {
  lock.unlock();
  for (const Request& request : requests) request.done(reason);
  lock.lock();
  answered(requests.size());
}

void Flow::answered(std::size_t requests) {
  unanswered_ -= requests;
  if (unanswered_ == 0) all_answered_.notify_all();
}

}  // namespace staronnx
