// Lets the answers of a pipeline leave in the order in which its requests were accepted. Not thread-safe: its owner locks, and does the work.
//
//   accepted(request) -> finished(request, answer) -> next() when all before it have left -> left()
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <variant>

#include "staronnx/base/result.h"
#include "staronnx/schedule/request.h"

namespace staronnx {

class Slot;

class AnswerOrder {
 public:
  // A request that no slot has had, and why.
  struct Refused {
    Request request;
    Error reason;
  };
  using Answer = std::variant<Slot*, Refused>;

  // Each number is higher than those before it.
  void accepted(RequestId request);
  void finished(RequestId request, Answer answer);

  // The answer that is to leave now; nothing when it is not there yet, or while the one before it is still leaving. So whoever comes with an
  // answer goes on or does the work for others too, and nobody waits.
  std::optional<Answer> next();
  void left();

  std::size_t waiting() const { return waiting_; }  // answers that are there and have not left

 private:
  struct Place {
    RequestId request;
    std::optional<Answer> answer;
  };

  std::deque<Place> line_;  // of requests whose answers have not left
  std::size_t waiting_ = 0;
  bool leaving_ = false;
};

}  // namespace staronnx
