// Requests that wait for a slot, the most urgent first, then first come. Bounded. Not thread-safe: its owner locks.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "staronnx/base/deadline.h"
#include "staronnx/schedule/request.h"

namespace staronnx {

class WaitingQueue {
 public:
  explicit WaitingQueue(std::size_t capacity);
  ~WaitingQueue();

  bool empty() const { return size() == 0; }
  bool full() const { return size() >= capacity_; }
  std::size_t size() const;
  std::size_t before(Clock::time_point urgency) const;  // how many a request that comes now would find before it

  // Only when not full.
  void push(Request request);

  // The request to serve next. Only when not empty.
  Request pop();

  // The moment at which the first request expires; Deadline::never() when none does.
  Deadline next_deadline() const;

  // Removes the requests whose deadline has passed, by deadline.
  std::vector<Request> take_expired(Clock::time_point now);

  // Removes the request; nothing when it does not wait here.
  std::optional<Request> take(RequestId id);

  // Removes all, in order.
  std::vector<Request> take_all();

 private:
  struct Requests;
  std::size_t capacity_;
  std::unique_ptr<Requests> requests_;
};

}  // namespace staronnx
