// Requests that wait for a slot, the most urgent first, then first come. Bounded, where wanted for some priorities apart. Not thread-safe: its
// owner locks.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "staronnx/base/deadline.h"
#include "staronnx/schedule/request.h"

namespace staronnx {

class WaitingQueue {
 public:
  // `capacities`: by priority; requests of others share `capacity`.
  explicit WaitingQueue(std::size_t capacity, const std::map<unsigned, std::size_t>& capacities = {});
  ~WaitingQueue();

  bool empty() const { return size() == 0; }
  bool full(unsigned priority);
  std::size_t size() const;
  std::size_t rows() const { return rows_; }            // of all requests
  std::size_t before(Clock::time_point urgency) const;  // how many a request that comes now would find before it

  // Only when not full for its priority.
  void push(Request request);

  // The request to serve next. Only when not empty.
  Request pop();

  // When the request came that came first. Only when not empty.
  Clock::time_point oldest() const;

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
  struct Lane {
    std::size_t capacity;
    std::size_t waiting = 0;
  };

  Lane& lane_of(unsigned priority);
  template <class Index, class Position>
  Request taken(Index& index, Position position);

  std::size_t rows_ = 0;
  Lane common_;
  std::map<unsigned, Lane> lanes_;  // of priorities that have their own
  std::unique_ptr<Requests> requests_;
};

}  // namespace staronnx
