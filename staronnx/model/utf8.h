// Text between UTF-8, as ONNX has it, and UTF-32, as NumPy has it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace staronnx {

// Nothing when a value is no Unicode character.
std::optional<std::string> utf8_of(std::u32string_view text);

// Nothing when `text` is not valid UTF-8.
std::optional<std::u32string> utf32_of(std::string_view text);

}  // namespace staronnx
