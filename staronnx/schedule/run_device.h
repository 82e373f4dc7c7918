// Where runs of a segment happen: on cores or in the stream of a GPU's worker; and the memory that they read and write there.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "staronnx/base/result.h"
#include "staronnx/execute/engine.h"
#include "staronnx/execute/gpu_executor.h"

namespace staronnx {

// Used by the place's worker only. On a GPU nothing but allocate() and wait() waits: the rest is put into the stream, in order.
class RunDevice {
 public:
  // Given back with `owner`, before the device is destroyed.
  struct Memory {
    std::span<std::byte> bytes;
    std::shared_ptr<void> owner;
  };

  virtual ~RunDevice() = default;

  // As Executor::run() and GpuExecutor::enqueue().
  virtual Status run(std::span<const TensorView> inputs, std::span<OutputSlot> outputs) = 0;

  virtual Result<Memory> allocate(std::size_t bytes) = 0;

  // Within the device's memory, or from there to the host's. `to` has room.
  virtual Status copy(std::span<std::byte> to, std::span<const std::byte> from) = 0;
  virtual Status wait() = 0;
};

std::unique_ptr<RunDevice> device_of(std::shared_ptr<Executor> executor);
std::unique_ptr<RunDevice> device_of(std::shared_ptr<GpuExecutor> executor);

}  // namespace staronnx
