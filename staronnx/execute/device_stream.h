// A stream of a device that is not the CPU, as far as a BoundExecutor needs it. Private to this room.
#pragma once

#include <cstddef>
#include <span>

#include "staronnx/base/result.h"
#include "staronnx/execute/ort.h"

namespace staronnx {

class DeviceStream {
 public:
  virtual ~DeviceStream() = default;

  // The memory that the stream's work reads and writes.
  virtual Ort::MemoryInfo memory() const = 0;

  // Makes the device the calling thread's.
  virtual Status enter() = 0;

  // Puts a copy into the stream, between memories of the device, or between it and the host's. `to` has room.
  virtual Status copy(std::span<std::byte> to, std::span<const std::byte> from) = 0;

  // Waits for all that was put into it.
  virtual Status synchronize() = 0;
};

}  // namespace staronnx
