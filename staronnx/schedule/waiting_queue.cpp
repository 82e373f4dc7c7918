#include "staronnx/schedule/waiting_queue.h"

#include <utility>

namespace staronnx {

void WaitingQueue::push(Deadline deadline, Request request) {
  requests_.emplace(deadline, std::move(request));
}

Request WaitingQueue::pop() {
  return std::move(requests_.extract(requests_.begin()).mapped());
}

Deadline WaitingQueue::next_deadline() const {
  return empty() ? Deadline::never() : requests_.begin()->first;
}

std::vector<Request> WaitingQueue::take_expired(Clock::time_point now) {
  std::vector<Request> expired;
  while (!empty() && next_deadline().passed(now)) expired.push_back(pop());
  return expired;
}

std::vector<Request> WaitingQueue::take_all() {
  return take_expired(Clock::time_point::max());
}

}  // namespace staronnx
