// Finished traces on their way to their sink, on a thread of the queue's own: who brings them waits for no file and no collector.
//
// Private to this room.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "staronnx/base/deadline.h"
#include "staronnx/base/units.h"
#include "staronnx/serve/log.h"
#include "staronnx/serve/trace_sink.h"

namespace staronnx {

struct TraceQueueOptions {
  std::size_t spans = 2048;  // that wait at most; what comes then is dropped
  std::size_t batch = 512;   // spans that go to the sink as soon as they wait,
  Milliseconds delay{5000};  // or after this time
  Seconds tell_again{60};    // between two lines of the log about lost traces
};

class TraceQueue {
 public:
  // `log` outlives the queue.
  TraceQueue(std::unique_ptr<TraceSink> sink, const TraceQueueOptions& options, Log& log);

  // The sink gets what is there.
  ~TraceQueue();

  // Thread-safe, and waits for nobody.
  void push(std::unique_ptr<const TraceRecord> trace);

  // Gives the sink what is there, for the last time: what comes later is dropped.
  void close();

  // Spans that have been lost.
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  using Batch = std::vector<std::unique_ptr<const TraceRecord>>;

  void run(const std::stop_token& stop);
  Batch next(const std::stop_token& stop);  // waits for it; nothing at the end
  void tell(const std::string& why);

  const std::unique_ptr<TraceSink> sink_;
  const TraceQueueOptions options_;
  Log& log_;
  std::atomic<std::uint64_t> dropped_ = 0;
  std::uint64_t told_ = 0;            // of them; the thread's
  Clock::time_point tell_next_ = {};  // the thread's

  std::mutex mutex_;  // guards what follows; never held while something is written
  std::condition_variable_any changed_;
  std::deque<std::unique_ptr<const TraceRecord>> waiting_;
  std::size_t spans_ = 0;  // of those
  bool closed_ = false;
  std::jthread thread_;  // last: it uses the rest
};

}  // namespace staronnx
