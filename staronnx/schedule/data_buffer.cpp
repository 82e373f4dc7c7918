#include "staronnx/schedule/data_buffer.h"

#include <algorithm>
#include <cstdint>

namespace staronnx {
namespace {

// StarPU counts elements in 32 bits: with this element a buffer may have 256 GiB.
constexpr std::size_t element_bytes = 64;

// StarPU takes no empty buffers, tensors may be empty.
std::size_t whole_elements(std::size_t capacity) {
  return std::max<std::size_t>(1, (capacity + element_bytes - 1) / element_bytes) * element_bytes;
}

}  // namespace

DataBuffer::DataBuffer(std::size_t capacity) : memory_(DataType::uint8, {}, whole_elements(capacity)) {
  starpu_vector_data_register(&handle_, STARPU_MAIN_RAM, reinterpret_cast<std::uintptr_t>(memory_.data().data()),
                              static_cast<std::uint32_t>(memory_.data().size() / element_bytes), element_bytes);
}

DataBuffer::~DataBuffer() {
  starpu_data_unregister_no_coherency(handle_);
}

std::span<std::byte> bytes_of(void* starpu_interface) {
  const std::uintptr_t begin = STARPU_VECTOR_GET_PTR(starpu_interface);
  return {reinterpret_cast<std::byte*>(begin),  // NOLINT(performance-no-int-to-ptr): StarPU's way to say a pointer
          STARPU_VECTOR_GET_NX(starpu_interface) * STARPU_VECTOR_GET_ELEMSIZE(starpu_interface)};
}

}  // namespace staronnx
