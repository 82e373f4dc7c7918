#include "staronnx/execute/gpu_executor.h"

#include <utility>

namespace staronnx {

Result<InputsOnGpu> copy_to_gpu(GpuExecutor& executor, std::span<const TensorView> inputs) {
  InputsOnGpu there;
  for (const TensorView& here : inputs) {
    if (here.type == DataType::undefined) {
      there.views.emplace_back();
      continue;
    }
    Result<GpuMemory> memory = executor.allocate(here.data.size());
    if (!memory) return memory.error();
    if (Status copied = executor.copy(memory->bytes, here.data); !copied) return copied.error();
    there.views.push_back({here.type, here.shape, memory->bytes});
    there.memory.push_back(*std::move(memory));
  }
  if (Status done = executor.synchronize(); !done) return done.error();
  return there;
}

}  // namespace staronnx
