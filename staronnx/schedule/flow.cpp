#include "staronnx/schedule/flow.h"

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <cmath>
#include <string>
#include <utility>

#include "staronnx/schedule/policy.h"

namespace staronnx {
namespace {

// Of requests in the variant, as each of them runs: one by one, or in the largest batches.
Microseconds time_of(const PreparedVariant& variant, std::size_t worker, bool batched) {
  Microseconds time{};
  for (const auto& segment : variant.segments) {
    const int batch = batched ? segment->largest_batch(worker) : 1;
    time += segment->expected(worker, batch) / batch;
  }
  return time;
}

// How many requests the machine answers while its slowest worker runs one.
double answered_meanwhile(std::size_t workers, const PreparedVariant& variant) {
  double per_us = 0, longest = 0;
  for (std::size_t worker = 0; worker < workers; ++worker) {
    per_us += 1 / time_of(variant, worker, true).count();
    const double alone = time_of(variant, worker, false).count();
    if (std::isfinite(alone)) longest = std::max(longest, alone);
  }
  return per_us * longest;
}

// Of requests that may run as one there.
std::size_t largest_batch(std::span<const PreparedVariant> variants, std::size_t worker) {
  int batch = 1;
  for (const PreparedVariant& variant : variants) {
    for (const auto& segment : variant.segments) batch = std::max(batch, segment->largest_batch(worker));
  }
  return static_cast<std::size_t>(batch);
}

std::size_t largest_batch_anywhere(std::size_t workers, std::span<const PreparedVariant> variants) {
  std::size_t largest = 1;
  for (std::size_t worker = 0; worker < workers; ++worker) largest = std::max(largest, largest_batch(variants, worker));
  return largest;
}

// Requests inside StarPU: for each worker one that runs and one that is next, so that no worker waits for the flow's thread; where requests
// run in batches, a batch is next. Measured with SqueezeNet on two groups of one core, against two bare threads of ONNX Runtime: 0.81
// of their rate with one per worker, 1.0 with two. Where workers are unequal, more: as many as are answered while the slowest runs one, and
// the rest of a batch. It takes only what the others would end later, so it must be seen that there is more than they do. In virtual time, a
// GPU that takes 13 ms for eight requests and two cores that take 30 ms for one: with 13 inside the cores get nothing, with 27 they are always
// at work (OneFastAndCores in decision_test.cpp). A worker that is slower still gets less, so that what is inside has a bound.
std::size_t window_for(std::size_t workers, std::span<const PreparedVariant> variants) {
  constexpr double kMostAhead = 4;  // times what is next
  std::size_t next = 0;
  for (std::size_t worker = 0; worker < workers; ++worker) next += largest_batch(variants, worker);
  const double meanwhile = std::min(answered_meanwhile(workers, variants.front()), kMostAhead * static_cast<double>(next));
  return workers + std::max(next, static_cast<std::size_t>(meanwhile) + largest_batch_anywhere(workers, variants) - 1);
}

// See RequestOptions.
Clock::time_point urgency_of(const RequestOptions& options, Clock::time_point now) {
  const auto patience = std::chrono::duration_cast<Clock::duration>(kPatience);
  return std::min(options.deadline.at, now + patience) + options.priority * patience;
}

void go_last(Request& request) {
  request.deadline = Deadline::never();
  request.urgency = Clock::time_point::max();
}

std::string in_ms(Microseconds time) {
  return std::to_string(std::llround(Milliseconds(time).count())) + " ms";
}

// When the answer to a request is expected in that time.
Status check_deadline(const Request& request, Microseconds expected, Clock::time_point now) {
  if (request.late_goes_last || request.deadline > Deadline::after(expected, now)) return {};
  const Microseconds left = request.deadline.at - now;
  return Error{ErrorCode::unavailable, "the answer is expected in " + in_ms(expected) + ", the deadline is in " + in_ms(left) +
                                           "; allow more time, or send fewer requests at once"};
}

Error expired() {
  return {ErrorCode::deadline_exceeded, "the deadline passed while the request waited"};
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
             runtime.gpu_turns.get(),
             &waiting_count_,
             [this](Slot& done, bool answer_here) { finished(done, answer_here); }},
      window_(options.window > 0 ? static_cast<std::size_t>(options.window) : window_for(runtime.workers(), variants_)),
      queue_(options.queue),
      in_order_(options.in_order),
      batch_wait_(runtime.own_policy ? options.batch_wait : Microseconds(0), options.preferred_batches,
                  largest_batch_anywhere(runtime.workers(), variants_)),
      waiting_(options.queue, options.queues),
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
  const bool late = options.deadline.passed(now);
  if (late && !options.late_goes_last)
    return Error{ErrorCode::deadline_exceeded, "the deadline had passed when the request came"};
  Request request{{},
                  std::move(inputs),
                  std::move(done),
                  options.deadline,
                  urgency_of(options, now),
                  options.priority,
                  options.late_goes_last,
                  now,
                  options.rows};
  if (late) go_last(request);
  Slot* slot = nullptr;
  RequestId id{};
  {
    const std::lock_guard lock(bell_->mutex);
    if (draining_) return Error{ErrorCode::unavailable, "the model is being taken out of service; try another instance"};
    const bool no_slot = in_use_ == window_, waits = no_slot || batch_wait_.on();
    if ((waits && waiting_.full(request.priority)) || order_.waiting() > queue_)
      return Error{ErrorCode::unavailable, "Exceeds maximum queue size; try again later"};
    id = request.id = RequestId{runtime_.requests.fetch_add(1)};
    if (waits) {
      const Microseconds expected = no_slot ? expected_latency(waiting_.before(request.urgency)) : Microseconds(0);
      if (Status in_time = check_deadline(request, expected, now); !in_time) return in_time.error();
      const Clock::time_point before = next_event();
      accepted(id);
      waiting_.push(std::move(request));
      note_waiting();
      if (next_event() < before) bell_->rung.notify_one();
      return id;
    }
    const Result<Choice> choice = choose(request, now);
    if (!choice) return choice.error();
    slot = &take_slot(*choice, id, now);
    accepted(id);
  }
  start(*slot, std::move(request));
  return id;
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
  bell_->rung.notify_one();  // nobody comes to run with any more
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
  if (dropped == 0) return {};  // what ran has been answered
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

Result<Choice> Flow::choose(const Request& request, Clock::time_point now) const {
  if (request.deadline.passed(now) && !request.late_goes_last) return expired();
  const bool limited = request.deadline != Deadline::never() && in_use_ > 0;
  if (!runtime_.own_policy || (variants_.size() == 1 && !limited)) return Choice{};
  const Choice choice = choose_variant(variants_, owner_.pipeline, request.deadline);
  if (Status in_time = check_deadline(request, kCaution * forecast_error_.corrected(choice.end), now); !in_time && limited)
    return in_time.error();
  return choice;
}

Slot& Flow::take_slot(const Choice& choice, RequestId request, Clock::time_point now) {
  Supply& supply = supplies_[choice.way];
  if (supply.free.empty()) supply.free.push_back(&slots_.emplace_back(variants_[choice.way], owner_));
  Slot& slot = *supply.free.back();
  supply.free.pop_back();
  ++in_use_;
  slot.claim(request, {now, choice.end});
  slot.fit(supply.capacity);
  return slot;
}

Flow::Supply& Flow::supply_of(const Slot& slot) {
  return supplies_[static_cast<std::size_t>(&slot.variant() - variants_.data())];
}

void Flow::start(Slot& slot, Request request) {
  IdleGate& gate = runtime_.gate;  // the answer may come, and the flow go, before this thread gets on
  gate.enter();
  slot.start(std::move(request));
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
      refuse_all(lock, std::exchange(cancelled_, {}), {ErrorCode::cancelled, "the request was cancelled"});
    } else if (closing_ && !waiting_.empty()) {
      refuse_all(lock, waiting_.take_all(), {ErrorCode::cancelled, "the pipeline was closed while the request waited"});
    } else if (waiting_.next_deadline().passed(Clock::now())) {
      end_expired(lock);
    } else if (!finished_.empty()) {
      Slot& slot = *finished_.front();
      finished_.pop_front();
      answer(lock, slot);
    } else if (batch_wait_.on() && may_start()) {
      start_waiting(lock);
    } else if (closing_ && unanswered_ == 0) {
      return;
    } else if (const Clock::time_point next = next_event(); next == Deadline::never().at) {
      bell_->rung.wait(lock);
    } else {
      bell_->rung.wait_until(lock, next);
    }
  }
}

void Flow::answer(Lock& lock, Slot& slot) {
  const Clock::time_point now = Clock::now();
  if (const auto& [seen, end] = slot.forecast(); end.count() > 0) forecast_error_.answered(end, now - seen);
  rate_.finished(now, !waiting_.empty() && (in_use_ == window_ || !batch_wait_.on()));
  slot.raise(supply_of(slot).capacity);  // before the answer: the caller's next request may come at once
  if (in_order_) {
    --in_use_;
    order_.finished(slot.request(), &slot);
    give_in_order(lock);
  } else {
    give(lock, slot);
    --in_use_;
  }
  while (may_start()) start_waiting(lock);
  if (batch_wait_.on()) bell_->rung.notify_one();  // a slot is free: the flow's thread may have something to wait for
}

void Flow::give(Lock& lock, Slot& slot) {
  lock.unlock();
  slot.answer();
  lock.lock();
  supply_of(slot).free.push_back(&slot);
  answered();
}

void Flow::give_in_order(Lock& lock) {
  while (const std::optional<AnswerOrder::Answer> next = order_.next()) {
    if (Slot* const* slot = std::get_if<Slot*>(&*next)) {
      give(lock, **slot);
    } else {
      const auto& refused = std::get<AnswerOrder::Refused>(*next);
      tell(lock, refused.request, refused.reason);
    }
    order_.left();
  }
}

bool Flow::may_start() const {
  if (in_use_ >= window_ || waiting_.empty()) return false;
  return !batch_wait_.on() || draining_ ||
         batch_wait_.start(waiting_.rows(), waiting_.oldest(), waiting_.next_deadline()) <= Clock::now();
}

// For the flow's own thread: a deadline passes, or who waits for a batch starts.
Clock::time_point Flow::next_event() const {
  const Deadline expires = waiting_.next_deadline();
  if (!batch_wait_.on() || waiting_.empty() || in_use_ == window_) return expires.at;
  return std::min(expires.at, batch_wait_.start(waiting_.rows(), waiting_.oldest(), expires));
}

void Flow::start_waiting(Lock& lock) {
  if (batch_wait_.on()) return start_batch(lock);
  Request request = waiting_.pop();
  note_waiting();
  const Clock::time_point now = Clock::now();
  const Result<Choice> choice = choose(request, now);
  if (!choice) return refuse(lock, std::move(request), choice.error());
  Slot& slot = take_slot(*choice, request.id, now);
  lock.unlock();
  start(slot, std::move(request));
  lock.lock();
}

void Flow::start_batch(Lock& lock) {
  std::vector<std::pair<Slot*, Request>> batch;
  std::vector<std::pair<Request, Error>> hopeless;
  std::size_t rows = batch_wait_.batch(waiting_.rows());
  while (rows > 0 && in_use_ < window_ && !waiting_.empty()) {
    Request request = waiting_.pop();
    rows -= std::min<std::size_t>(rows, request.rows);
    const Clock::time_point now = Clock::now();
    const Result<Choice> choice = choose(request, now);
    if (choice) {
      Slot& slot = take_slot(*choice, request.id, now);
      batch.emplace_back(&slot, std::move(request));
    } else {
      hopeless.emplace_back(std::move(request), choice.error());
    }
  }
  note_waiting();
  lock.unlock();
  const RequestId last = batch.empty() ? RequestId{} : batch.back().second.id;
  for (auto& [slot, request] : batch) {
    request.starts_with = last;
    start(*slot, std::move(request));
  }
  lock.lock();
  for (auto& [request, reason] : hopeless) refuse(lock, std::move(request), reason);
}

void Flow::end_expired(Lock& lock) {
  std::vector<Request> refused;
  for (Request& request : waiting_.take_expired(Clock::now())) {
    if (!request.late_goes_last) {
      refused.push_back(std::move(request));
      continue;
    }
    go_last(request);
    waiting_.push(std::move(request));
  }
  refuse_all(lock, std::move(refused), expired());
}

void Flow::refuse(Lock& lock, Request request, const Error& reason) {
  if (!in_order_) return tell(lock, request, reason);
  const RequestId id = request.id;
  order_.finished(id, AnswerOrder::Refused{std::move(request), reason});
  give_in_order(lock);
}

void Flow::refuse_all(Lock& lock, std::vector<Request> requests, const Error& reason) {
  for (Request& request : requests) refuse(lock, std::move(request), reason);
}

void Flow::tell(Lock& lock, const Request& request, const Error& reason) {
  lock.unlock();
  request.done(reason);
  lock.lock();
  answered();
}

void Flow::accepted(RequestId request) {
  ++unanswered_;
  if (in_order_) order_.accepted(request);
}

void Flow::answered() {
  if (--unanswered_ == 0) all_answered_.notify_all();
}

}  // namespace staronnx
