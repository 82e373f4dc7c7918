#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "staronnx/profile/cost_profile.h"

namespace staronnx {

std::filesystem::path default_cache_directory() {
  // Read only: nothing in StarONNX changes the environment while threads run.
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache == '/') {  // NOLINT(concurrency-mt-unsafe)
    return std::filesystem::path(cache) / "staronnx";
  }
  if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/') {  // NOLINT(concurrency-mt-unsafe)
    return std::filesystem::path(home) / ".cache" / "staronnx";
  }
  std::error_code code;
  return std::filesystem::temp_directory_path(code) / "staronnx";
}

}  // namespace staronnx
