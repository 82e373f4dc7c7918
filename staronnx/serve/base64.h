// Bytes that JSON carries as text. Private to this room.
#pragma once

#include <optional>
#include <string>

namespace staronnx {

// Nothing for what is not encoded so.
std::optional<std::string> from_base64(const std::string& text);

}  // namespace staronnx
