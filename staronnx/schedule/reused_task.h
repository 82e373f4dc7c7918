// A StarPU task that is submitted again and again, so that no request costs an allocation.
#pragma once

#include <starpu.h>

#include <memory>
#include <vector>

namespace staronnx {

class ReusedTask {
 public:
  ReusedTask() = default;
  ~ReusedTask();  // waits until StarPU has done with it; never on a worker
  ReusedTask(const ReusedTask&) = delete;
  ReusedTask& operator=(const ReusedTask&) = delete;

  // A task that may be set up and submitted. Its callback announces its end a moment before StarPU has done with it, so there are
  // two of them, as a rule, that take turns.
  starpu_task& idle();

 private:
  std::vector<std::unique_ptr<starpu_task>> tasks_;
};

}  // namespace staronnx
