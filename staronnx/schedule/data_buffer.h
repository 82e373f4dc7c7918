// Memory for a tensor of one request after another: a block of bytes in RAM, which StarPU copies to other memories when tasks run there.
#pragma once

#include <starpu.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <span>

namespace staronnx {

class DataBuffer {
 public:
  // `shared`: with other memories, so StarPU knows it; and pinned, where there is a GPU. Between Runtime::start() and the runtime's end.
  DataBuffer(std::size_t bytes, bool shared);
  // Nothing uses it any more. Never on a worker.
  ~DataBuffer();
  DataBuffer(const DataBuffer&) = delete;
  DataBuffer& operator=(const DataBuffer&) = delete;

  std::span<std::byte> bytes() { return memory_; }

  // Of one that is not shared: its memory, which nobody may write as long as the pointer or a copy of it is held; the buffer may go before.
  // Null of a shared one.
  std::shared_ptr<const std::byte> keep();
  bool kept() const { return keepers_ && keepers_->load(std::memory_order_acquire) > 0; }

  // What follows is for shared ones only.

  starpu_data_handle_t handle() const { return handle_; }

  // Lets go of copies in other memories: new data comes into bytes(), of which the first `used` count. Nothing else uses it meanwhile;
  // never on a worker.
  void renew(std::size_t used);

  // The copy in a memory, whole, while StarPU keeps it there.
  std::span<std::byte> bytes_in(unsigned memory) const;

  // How much of the copy in a memory counts, so how much is copied from there.
  void use(std::size_t used, unsigned memory);

 private:
  std::span<std::byte> memory_;
  std::shared_ptr<std::byte> own_;                     // that memory, where it is not shared
  std::shared_ptr<std::atomic<std::size_t>> keepers_;  // of it
  starpu_data_handle_t handle_ = nullptr;
};

// What StarPU hands to a codelet for a DataBuffer: the copy in the memory where the task runs, whole.
std::span<std::byte> bytes_of(void* starpu_interface);

}  // namespace staronnx
