#include "staronnx/schedule/held_inputs.h"

#include <starpu_scheduler.h>

#include <utility>

namespace staronnx {

void wake_worker(std::size_t worker) {
  if (static_cast<int>(worker) != starpu_worker_get_id()) starpu_wake_worker_relax_light(static_cast<int>(worker));
}

void HeldInputs::bring(std::vector<starpu_data_handle_t> data, unsigned worker) {
  data_ = std::move(data);
  worker_ = worker;
  missing_ += data_.size();
  const auto memory = static_cast<int>(starpu_worker_get_memory_node(worker));
  for (const starpu_data_handle_t handle : data_) {
    starpu_data_acquire_on_node_cb(handle, memory, STARPU_R, one_arrived, this);
  }
  one_arrived(this);
}

void HeldInputs::one_arrived(void* held) {
  auto& inputs = *static_cast<HeldInputs*>(held);
  const unsigned worker = inputs.worker_;  // when the last has come, the task may run at once, and what is here be another's
  if (inputs.missing_.fetch_sub(1) == 1) wake_worker(worker);
}

void HeldInputs::release() {
  if (data_.empty()) return;
  const auto memory = static_cast<int>(starpu_worker_get_memory_node(worker_));
  for (const starpu_data_handle_t handle : std::exchange(data_, {})) starpu_data_release_on_node(handle, memory);
}

}  // namespace staronnx
