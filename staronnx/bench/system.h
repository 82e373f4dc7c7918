// What is put under load: something that answers inference requests, and its way of doing so. It carries the requests' tensors itself, so
// that sending one costs no more than it must.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "staronnx/base/deadline.h"
#include "staronnx/base/result.h"
#include "staronnx/base/units.h"
#include "staronnx/bench/server_statistics.h"
#include "staronnx/model/tensor.h"

namespace staronnx {

// What a system is asked, in turn, again and again: each request has one tensor per input of the model. Not empty.
using Requests = std::vector<std::vector<Tensor>>;

// Of data between memories, summed over requests; see SegmentRun.
struct Transfers {
  Microseconds total{};
  Microseconds exposed{};
};

// Processors of a kind, or one direction of a link.
struct Worked {
  std::string name;     // "cores", "link to gpu0"
  int count = 1;        // of these processors
  Microseconds time{};  // at work so far, all of them together
};

class System {
 public:
  using Done = std::function<void(const Status&)>;

  virtual ~System() = default;  // after the last request is answered

  virtual const std::string& name() const = 0;

  // What is to be known of the way it runs; mostly nothing.
  virtual std::span<const std::string> notes() const { return {}; }

  // Sends the next request. Never blocks on computation; one thread at a time. Accepted: `done` is called exactly once, on any thread, with
  // deadline_exceeded when the deadline passed while the request waited, and unavailable when a server refused it. Refused, with `done` not
  // called: a full queue (unavailable), or what is wrong with the request.
  virtual Status submit(Deadline deadline, Done done) = 0;

  // Blocks until fewer than `count` accepted requests are unanswered. What their `done` wrote is visible then.
  virtual void wait_below(int count) = 0;

  // So far. Nothing where all computes in one memory.
  virtual Transfers transfers() const { return {}; }

  // Of the machine, always the same ones in the same order. Nothing where it is not known.
  virtual std::vector<Worked> worked() { return {}; }

  // What the server has counted so far; asks it, and blocks. Nothing where there is no server, or it does not count.
  virtual std::optional<ServerStatistics> statistics() { return {}; }
};

}  // namespace staronnx
