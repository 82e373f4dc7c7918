// Threads and what they wait with, for code that holds a lock while it is in StarPU, or waits for what StarPU does. They are the standard
// library's. In the simulator StarPU's threads are actors that take turns on one thread of the system, so that nobody may wait for another
// but by these: then they are StarPU's, and virtual time passes while one waits.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "staronnx/base/clock.h"
#include "staronnx/schedule/flavour.h"

namespace staronnx {

#ifndef STARONNX_SIMULATED

using Mutex = std::mutex;
using Condition = std::condition_variable;
using Thread = std::thread;

#else  // defined in simulate/threads.cpp

class Mutex {
 public:
  Mutex();
  ~Mutex();
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;
  void lock();
  void unlock();

  struct State;
  State& state() { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

class Condition {
 public:
  using Lock = std::unique_lock<Mutex>;

  Condition();
  ~Condition();
  Condition(const Condition&) = delete;
  Condition& operator=(const Condition&) = delete;
  void notify_one();
  void notify_all();
  void wait(Lock& lock);
  std::cv_status wait_until(Lock& lock, Clock::time_point moment);

  template <class Predicate>
  void wait(Lock& lock, Predicate done) {
    while (!done()) wait(lock);
  }
  template <class Predicate>
  bool wait_until(Lock& lock, Clock::time_point moment, Predicate done) {
    while (!done()) {
      if (wait_until(lock, moment) == std::cv_status::timeout) return done();
    }
    return true;
  }

  struct State;

 private:
  std::shared_ptr<State> state_;
};

class Thread {
 public:
  Thread() = default;
  explicit Thread(std::function<void()> work);
  void join();

  struct State;

 private:
  std::shared_ptr<State> state_;
};

#endif

}  // namespace staronnx
