#include "staronnx/serve/trace_queue.h"

#include <utility>

namespace staronnx {

TraceQueue::TraceQueue(std::unique_ptr<TraceSink> sink, const TraceQueueOptions& options, Log& log)
    : sink_(std::move(sink)), options_(options), log_(log), thread_([this](const std::stop_token& stop) { run(stop); }) {}

TraceQueue::~TraceQueue() {
  close();
}

void TraceQueue::push(std::unique_ptr<const TraceRecord> trace) {
  const std::size_t spans = span_count(*trace);
  std::unique_lock lock(mutex_);
  if (closed_ || spans_ + spans > options_.spans) {
    dropped_ += spans;
    return;
  }
  const std::size_t before = std::exchange(spans_, spans_ + spans);
  waiting_.push_back(std::move(trace));
  lock.unlock();
  if (before == 0 || (before < options_.batch && before + spans >= options_.batch)) changed_.notify_one();
}

void TraceQueue::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void TraceQueue::run(const std::stop_token& stop) {
  std::string why;
  for (Batch batch = next(stop); !batch.empty(); batch = next(stop)) {
    const TraceLoss loss = sink_->write(batch, stop);
    dropped_ += loss.spans;
    why = loss.spans > 0 ? loss.why : "they came faster than they could be written";
    if (Clock::now() >= tell_next_) tell(why);
    if (loss.spans > 0 && stop.stop_requested()) break;  // nobody waits for further tries
  }
  {
    const std::lock_guard lock(mutex_);
    dropped_ += std::exchange(spans_, 0);
  }
  tell(why);
}

TraceQueue::Batch TraceQueue::next(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, stop, [this] { return spans_ > 0; });
  const auto delay = std::chrono::duration_cast<Clock::duration>(options_.delay);
  changed_.wait_for(lock, stop, delay, [this] { return spans_ >= options_.batch; });
  Batch batch;
  for (std::size_t taken = 0; !waiting_.empty() && taken < options_.batch; waiting_.pop_front()) {
    const std::size_t spans = span_count(*waiting_.front());
    taken += spans;
    spans_ -= spans;
    batch.push_back(std::move(waiting_.front()));
  }
  return batch;
}

void TraceQueue::tell(const std::string& why) {
  const std::uint64_t dropped = dropped_ - told_;
  if (dropped == 0) return;
  log_.write(LogLevel::warning, "traces: " + std::to_string(dropped) + " spans were lost: " + why);
  told_ += dropped;
  tell_next_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(options_.tell_again);
}

}  // namespace staronnx
