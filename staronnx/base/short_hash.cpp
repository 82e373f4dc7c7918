#include "staronnx/base/short_hash.h"

#include <cstdint>
#include <sstream>

namespace staronnx {

std::string short_hash(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char character : text) hash = (hash ^ static_cast<unsigned char>(character)) * 0x100000001b3;
  std::ostringstream digits;
  digits << std::hex << hash;
  return digits.str();
}

}  // namespace staronnx
