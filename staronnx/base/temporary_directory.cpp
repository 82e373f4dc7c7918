#include "staronnx/base/temporary_directory.h"

#include <stdlib.h>

#include <utility>

namespace staronnx {

Result<TemporaryDirectory> TemporaryDirectory::create() {
  std::error_code code;
  std::string pattern = (std::filesystem::temp_directory_path(code) / "staronnx-XXXXXX").string();
  if (code || mkdtemp(pattern.data()) == nullptr) {
    return Error{ErrorCode::internal, "no temporary directory can be made as '" + pattern + "'; set TMPDIR to a folder with room"};
  }
  return TemporaryDirectory(pattern);
}

TemporaryDirectory::TemporaryDirectory(TemporaryDirectory&& other) noexcept : path_(std::exchange(other.path_, {})) {}

TemporaryDirectory& TemporaryDirectory::operator=(TemporaryDirectory&& other) noexcept {
  std::swap(path_, other.path_);
  return *this;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace staronnx
