// The bytes of a region of shared memory, in whatever way a client shares them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "staronnx/base/result.h"

namespace staronnx {

// Thread-safe. Released with its last holder.
class SharedObject {
 public:
  SharedObject() = default;
  virtual ~SharedObject() = default;
  SharedObject(const SharedObject&) = delete;
  SharedObject& operator=(const SharedObject&) = delete;

  // From `begin` on. Fail when the object has become too short (invalid_argument), or cannot be reached.
  virtual Status read(std::uint64_t begin, std::span<std::byte> into) const = 0;
  virtual Status write(std::uint64_t begin, std::span<const std::byte> from) const = 0;
};

}  // namespace staronnx
