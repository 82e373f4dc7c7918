// A directory of one's own that goes away with its owner.
#pragma once

#include <filesystem>

#include "staronnx/base/result.h"

namespace staronnx {

class TemporaryDirectory {
 public:
  // In the system's place for temporary files (TMPDIR), readable by this user only.
  static Result<TemporaryDirectory> create();
  ~TemporaryDirectory();
  TemporaryDirectory(TemporaryDirectory&& other) noexcept;
  TemporaryDirectory& operator=(TemporaryDirectory&& other) noexcept;

  const std::filesystem::path& path() const { return path_; }

 private:
  explicit TemporaryDirectory(std::filesystem::path path) : path_(std::move(path)) {}

  std::filesystem::path path_;  // empty once moved from
};

}  // namespace staronnx
