// What workers are at, and until when, as expected. Pure: moments are passed in. Not thread-safe.
//
// Workers of one GPU take turns: what one is given while another is at work begins when that ends, whenever that turns out to be. So no
// expectation builds on one that time has overtaken: they are never further off than what is running now.
#pragma once

#include <cstddef>
#include <vector>

#include "staronnx/base/deadline.h"
#include "staronnx/base/units.h"
#include "staronnx/schedule/place.h"

namespace staronnx {

class AtWork {
 public:
  explicit AtWork(std::size_t workers) : workers_(workers) {}

  // The place, whose workers are idle, is given what is expected to take so long. It stays where it is until that has ended.
  void start(const Place& place, Clock::time_point now, Microseconds expected);
  // That is computed: who waits for a turn there has it. The first call counts.
  void computed(const Place& place, Clock::time_point now);
  // And all is done that follows: its workers are idle.
  void finish(const Place& place, Clock::time_point now);

  // Whether another is at work on the same GPU.
  bool awaits_turn(std::size_t worker) const;
  // For how much longer a worker is busy; 0: idle.
  Microseconds left(std::size_t worker, Clock::time_point now) const;

 private:
  struct Worker {
    const Place* place = nullptr;  // in which it is at work
    Clock::time_point begin, end;  // as expected
    bool computed = false;
  };

  static bool is_before(const Worker& other, const Worker& worker);

  std::vector<Worker> workers_;
};

}  // namespace staronnx
