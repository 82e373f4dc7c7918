// Where workers sleep while no request is inside StarPU. (With StarONNX's own policy, and all data in one memory, they mostly sleep in the policy.)
//
// StarPU 1.4, with blocking drivers too, never lets the last awake worker of a context sleep: it spins until the next task. Measured
// on two cores, idle but for a null task every 5 ms: one core busy all the time (5.7 s of 5.8 s), and the submitting thread, when it
// shared that core, blocked for 4 ms on a lock of the worker that it had pushed aside. So an idle worker comes here instead (as StarPU's idle hook):
// 0.19 s of 5.3 s, and submitting takes 0.04 ms at the 99th percentile.
#pragma once

#include <atomic>

namespace staronnx {

class IdleGate {
 public:
  // Before the first task of a request is submitted: workers that are awake stay awake.
  void enter() { inside_.fetch_add(1); }
  // After the last one is: those that sleep wake up. (Woken before, they would compete with the submitting thread for StarPU's locks.)
  void wake() { inside_.notify_all(); }
  // When the last task of a request has run.
  void leave() { inside_.fetch_sub(1); }

  // Blocks while nothing is inside. May return early; the worker then looks for a task and comes back.
  void wait() const { inside_.wait(0); }

 private:
  std::atomic<int> inside_ = 0;
};

}  // namespace staronnx
