#include "staronnx/schedule/reused_task.h"

#include <cassert>

namespace staronnx {

starpu_task& ReusedTask::idle() {
  for (const std::unique_ptr<starpu_task>& task : tasks_) {
    if (starpu_task_finished(task.get())) return *task;
  }
  starpu_task& made = *tasks_.emplace_back(std::make_unique<starpu_task>());
  starpu_task_init(&made);
  made.detach = 0;  // it can be waited for
  made.destroy = 0;
  made.sequential_consistency = 0;  // its owner submits it when what it reads is there
  return made;
}

ReusedTask::~ReusedTask() {
  for (const std::unique_ptr<starpu_task>& task : tasks_) {
    if (task->status != STARPU_TASK_INIT) {
      [[maybe_unused]] const int failure = starpu_task_wait(task.get());  // of wrong calls only
      assert(failure == 0);
    }
    starpu_task_clean(task.get());
  }
}

}  // namespace staronnx
