// A stream of a device that is not the CPU, as far as a BoundExecutor needs it. Private to this room.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>

#include "staronnx/base/result.h"
#include "staronnx/execute/ort.h"

namespace staronnx {

// Work that was recorded from a stream.
class Recording {
 public:
  virtual ~Recording() = default;

  // Puts the work into the stream, once more, at less cost than the first time. It reads and writes the memory that it did then.
  virtual Status play() = 0;
};

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

  // Keeps what `work` would put into the stream, instead of doing it. Fails (unsupported) where that cannot be: the work waits, takes new
  // memory, or has to do with the host. Throws what `work` throws.
  virtual Result<std::unique_ptr<Recording>> record(const std::function<void()>& work) = 0;
};

}  // namespace staronnx
