#include "staronnx/schedule/data_buffer.h"

#include <cstdint>
#include <utility>

namespace staronnx {

DataBuffer::DataBuffer(Tensor memory) : memory_(std::move(memory)) {
  if (memory_.data().empty()) memory_ = Tensor(DataType::uint8, {1}, 1);
  starpu_variable_data_register(&handle_, STARPU_MAIN_RAM, reinterpret_cast<std::uintptr_t>(memory_.data().data()),
                                memory_.data().size());
}

DataBuffer::~DataBuffer() {
  starpu_data_unregister_no_coherency(handle_);
}

std::span<std::byte> bytes_of(void* starpu_interface) {
  const std::uintptr_t begin = STARPU_VARIABLE_GET_PTR(starpu_interface);
  return {reinterpret_cast<std::byte*>(begin),  // NOLINT(performance-no-int-to-ptr): StarPU's way to say a pointer
          STARPU_VARIABLE_GET_ELEMSIZE(starpu_interface)};
}

}  // namespace staronnx
