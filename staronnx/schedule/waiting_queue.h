// Requests that wait for a slot: earliest deadline first, then first come. Bounded. Not thread-safe: its owner locks.
#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "staronnx/base/deadline.h"
#include "staronnx/schedule/request.h"

namespace staronnx {

class WaitingQueue {
 public:
  explicit WaitingQueue(std::size_t capacity) : capacity_(capacity) {}

  bool empty() const { return requests_.empty(); }
  bool full() const { return requests_.size() >= capacity_; }

  // Only when not full.
  void push(Deadline deadline, Request request);

  // The request to serve next. Only when not empty.
  Request pop();

  // The moment at which the first request expires; Deadline::never() when there is none.
  Deadline next_deadline() const;

  // Removes the requests whose deadline has passed, in order.
  std::vector<Request> take_expired(Clock::time_point now);

  // Removes all, in order.
  std::vector<Request> take_all();

 private:
  std::size_t capacity_;
  std::multimap<Deadline, Request> requests_;  // equal deadlines stay in order of arrival
};

}  // namespace staronnx
