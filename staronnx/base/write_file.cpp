#include "staronnx/base/write_file.h"

#include <unistd.h>

#include <atomic>
#include <fstream>

namespace staronnx {
namespace {

namespace fs = std::filesystem;

// Unlike any that another thread or process writes at the same time.
fs::path partial_of(const fs::path& file) {
  static std::atomic<unsigned> counter = 0;
  return file.string() + ".partial-" + std::to_string(getpid()) + "-" + std::to_string(counter++);
}

}  // namespace

Status write_file(const fs::path& file, std::string_view content) {
  std::error_code code;
  std::error_code ignored;
  if (const fs::file_status there = fs::status(file, ignored); fs::exists(there) && !fs::is_regular_file(there)) {
    return Error{ErrorCode::invalid_argument, "'" + file.string() + "' cannot be written: it is there and is no plain file"};
  }
  if (file.has_parent_path()) fs::create_directories(file.parent_path(), code);
  const fs::path partial = partial_of(file);
  std::ofstream stream(partial, std::ios::binary);
  stream.write(content.data(), static_cast<std::streamsize>(content.size()));
  stream.close();
  if (!stream.fail()) fs::rename(partial, file, code);
  if (stream.fail() || code) {
    fs::remove(partial, ignored);
    return Error{ErrorCode::invalid_argument,
                 "'" + file.string() + "' cannot be written: " + (code ? code.message() : "is the disk full, or the folder read-only?")};
  }
  return {};
}

}  // namespace staronnx
