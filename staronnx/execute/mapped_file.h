// A file's bytes in memory, read when touched and dropped by the kernel when memory is short. Private to this room.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

#include "staronnx/base/result.h"

namespace staronnx {

class MappedFile {
 public:
  // An empty file has no bytes. The file may be removed afterwards; its bytes stay.
  static Result<MappedFile> open(const std::filesystem::path& file);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;

  std::span<const std::byte> bytes() const { return bytes_; }

  // Gives the memory of pages touched so far back; they are read again when touched.
  void forget_pages() const;

 private:
  explicit MappedFile(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::span<const std::byte> bytes_;
};

}  // namespace staronnx
