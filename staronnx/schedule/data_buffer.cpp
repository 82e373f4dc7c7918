#include "staronnx/schedule/data_buffer.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <new>

#include "staronnx/model/tensor.h"
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

DataBuffer::DataBuffer(std::size_t bytes, bool shared) {
  const std::uint32_t count = elements(bytes);
  const std::size_t size = count * kElement;
  if (!shared) {
    own_ = tensor_memory(size);
    keepers_ = std::make_shared<std::atomic<std::size_t>>(0);
    memory_ = {own_.get(), bytes};
    return;
  }
  void* memory = nullptr;
  if (starpu_malloc(&memory, size) != 0) throw std::bad_alloc();
  memory_ = {static_cast<std::byte*>(memory), bytes};
  starpu_vector_data_register_allocsize(&handle_, STARPU_MAIN_RAM, reinterpret_cast<std::uintptr_t>(memory), count, kElement,
                                        size);
  starpu_data_set_sequential_consistency_flag(handle_, 0);
  // The order in which the simulator's StarPU fetches a task's data; the one here goes by addresses.
  if (kSimulated) starpu_data_set_user_data(handle_, reinterpret_cast<void*>(++registered));  // NOLINT(performance-no-int-to-ptr)
}

DataBuffer::~DataBuffer() {
  if (own_) return;
  starpu_data_unregister_no_coherency(handle_);
  starpu_free_noflag(memory_.data(), elements(memory_.size()) * kElement);
}

std::shared_ptr<const std::byte> DataBuffer::keep() {
  if (!own_) return nullptr;
  ++*keepers_;
  return {own_.get(),
          [memory = own_, keepers = keepers_](const std::byte*) { keepers->fetch_sub(1, std::memory_order_release); }};
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
