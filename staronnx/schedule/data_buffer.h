// Memory that StarPU knows: a block of bytes in RAM, registered, so that the tasks that use it run in the order of their submission.
#pragma once

#include <starpu.h>

#include <cstddef>
#include <span>

#include "staronnx/model/tensor.h"

namespace staronnx {

class DataBuffer {
 public:
  // Takes over the tensor's memory (a byte when it has none: StarPU takes no empty data). Between Runtime::start() and the runtime's end.
  explicit DataBuffer(Tensor memory);
  // Waits for tasks that use it; never on a worker.
  ~DataBuffer();
  DataBuffer(const DataBuffer&) = delete;
  DataBuffer& operator=(const DataBuffer&) = delete;

  std::span<std::byte> bytes() { return memory_.data(); }
  starpu_data_handle_t handle() const { return handle_; }

 private:
  Tensor memory_;
  starpu_data_handle_t handle_ = nullptr;
};

// What StarPU hands to a codelet for a DataBuffer: the copy in the memory where the task runs.
std::span<std::byte> bytes_of(void* starpu_interface);

}  // namespace staronnx
