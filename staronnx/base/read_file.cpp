#include "staronnx/base/read_file.h"

#include <fstream>
#include <sstream>
#include <utility>

namespace staronnx {

std::optional<std::string> read_file(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream content;
  if (!stream) return std::nullopt;
  if (stream.peek() != std::ifstream::traits_type::eof()) content << stream.rdbuf();  // which fails where there is nothing
  if (stream.bad() || !content) return std::nullopt;
  return std::move(content).str();
}

}  // namespace staronnx
