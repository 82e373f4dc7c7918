// Files that are never seen half-written.
#pragma once

#include <filesystem>
#include <string_view>

#include "staronnx/base/result.h"

namespace staronnx {

// Writes `content` to `file` in one step: a reader sees what was there before or all of the new. Makes the folders above. Fails,
// naming the file, when the disk is full, the folder cannot be written, or what is there is no plain file but a folder or a device;
// what was there before then stays.
Status write_file(const std::filesystem::path& file, std::string_view content);

}  // namespace staronnx
