// Whole files.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace staronnx {

// What `file` holds, which may be a pipe; nothing when it cannot be read. The caller says what the file was to be.
std::optional<std::string> read_file(const std::filesystem::path& file);

}  // namespace staronnx
