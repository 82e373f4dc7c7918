// A name for a cache file out of all that its content depends on.
#pragma once

#include <string>
#include <string_view>

namespace staronnx {

// 64 bits of FNV-1a as hexadecimal text, the same everywhere. Whoever finds a file by it checks that it is the right one: two texts may share a
// hash, by accident or by design.
std::string short_hash(std::string_view text);

}  // namespace staronnx
