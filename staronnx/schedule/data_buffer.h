// Memory that StarPU knows: a block of bytes in RAM, registered once, so that the tasks that use it run in the order of their submission.
#pragma once

#include <starpu.h>

#include <cstddef>
#include <span>

#include "staronnx/model/tensor.h"

namespace staronnx {

class DataBuffer {
 public:
  // At least `capacity` bytes, zero. Between Runtime::start() and the runtime's end.
  explicit DataBuffer(std::size_t capacity);
  // Waits for tasks that use it; never on a worker.
  ~DataBuffer();
  DataBuffer(const DataBuffer&) = delete;
  DataBuffer& operator=(const DataBuffer&) = delete;

  std::span<std::byte> bytes() { return memory_.data(); }
  starpu_data_handle_t handle() const { return handle_; }

 private:
  Tensor memory_;  // for its alignment
  starpu_data_handle_t handle_ = nullptr;
};

// What StarPU hands to a codelet for a DataBuffer: the copy in the memory where the task runs.
std::span<std::byte> bytes_of(void* starpu_interface);

}  // namespace staronnx
