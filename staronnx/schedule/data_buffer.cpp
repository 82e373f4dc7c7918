#include "staronnx/schedule/data_buffer.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <new>

#include "staronnx/schedule/flavour.h"

namespace staronnx {
namespace {

// StarPU takes no empty data and counts elements in 32 bits.
constexpr std::size_t kElement = 64;

std::atomic<std::uintptr_t> registered = 0;  // ever

std::uint32_t elements(std::size_t bytes) {
  return static_cast<std::uint32_t>(std::max<std::size_t>(1, (bytes + kElement - 1) / kElement));
}

}  // namespace

DataBuffer::DataBuffer(std::size_t bytes, bool shared) : shared_(shared) {
  const std::uint32_t count = elements(bytes);
  const std::size_t size = count * kElement;
  void* memory = nullptr;
  if (shared) {
    if (starpu_malloc(&memory, size) != 0) throw std::bad_alloc();
  } else {
    memory = ::operator new (size, std::align_val_t{kElement});
  }
  memory_ = {static_cast<std::byte*>(memory), bytes};
  if (!shared) return;
  starpu_vector_data_register_allocsize(&handle_, STARPU_MAIN_RAM, reinterpret_cast<std::uintptr_t>(memory), count, kElement,
                                        size);
  starpu_data_set_sequential_consistency_flag(handle_, 0);
  // The order in which the simulator's StarPU fetches a task's data; the one here goes by addresses.
  if (kSimulated) starpu_data_set_user_data(handle_, reinterpret_cast<void*>(++registered));  // NOLINT(performance-no-int-to-ptr)
}

DataBuffer::~DataBuffer() {
  if (!shared_) {
    ::operator delete (memory_.data(), std::align_val_t{kElement});
  } else {
    starpu_data_unregister_no_coherency(handle_);
    starpu_free_noflag(memory_.data(), elements(memory_.size()) * kElement);
  }
}

void DataBuffer::renew(std::size_t used) {
  starpu_data_acquire(handle_, STARPU_W);
  use(used, STARPU_MAIN_RAM);
  starpu_data_release(handle_);
}

void DataBuffer::use(std::size_t used, unsigned memory) {
  static_cast<starpu_vector_interface*>(starpu_data_get_interface_on_node(handle_, memory))->nx = elements(used);
}

std::span<std::byte> DataBuffer::bytes_in(unsigned memory) const {
  return bytes_of(starpu_data_get_interface_on_node(handle_, memory));
}

std::span<std::byte> bytes_of(void* starpu_interface) {
  const std::uintptr_t begin = STARPU_VECTOR_GET_PTR(starpu_interface);
  return {reinterpret_cast<std::byte*>(begin),  // NOLINT(performance-no-int-to-ptr): StarPU's way to say a pointer
          STARPU_VECTOR_GET_ALLOCSIZE(starpu_interface)};
}

}  // namespace staronnx
