// What other requests' segments read, brought to the memory where a task runs as a batch with theirs, and held there until it has run.
// (StarPU itself brings the data of the one task that it runs.)
//
//   announce() -> bring(data) -> here(): the task may run -> release()
#pragma once

#include <starpu.h>

#include <atomic>
#include <cstddef>
#include <vector>

namespace staronnx {

class HeldInputs {
 public:
  // From now on they are not here: bring() comes. Before another thread asks.
  void announce() { missing_ = 1; }

  // Brings them to the memory of StarPU's `worker`, which is woken when all are there: before this returns, or later, by one of StarPU's
  // threads.
  void bring(std::vector<starpu_data_handle_t> data, unsigned worker);

  // Thread-safe. True when there are none.
  bool here() const { return missing_ == 0; }

  // When they are here.
  void release();

 private:
  static void one_arrived(void* held);

  std::vector<starpu_data_handle_t> data_;
  unsigned worker_ = 0;
  std::atomic<std::size_t> missing_ = 0;
};

// A worker looks for its tasks by itself when it is the caller.
void wake_worker(std::size_t worker);

}  // namespace staronnx
