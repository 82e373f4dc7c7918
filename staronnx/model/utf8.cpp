#include "staronnx/model/utf8.h"

namespace staronnx {
namespace {

bool is_character(char32_t c) {
  return c < 0xD800 || (c > 0xDFFF && c <= 0x10FFFF);
}

// Bytes of the sequence that begins with `first`; 0 when none does.
std::size_t sequence_length(unsigned char first) {
  if (first < 0x80) return 1;
  if (first < 0xC2) return 0;
  if (first < 0xE0) return 2;
  if (first < 0xF0) return 3;
  return first < 0xF5 ? 4 : 0;
}

// The character at the start of `text`, of `length` bytes; nothing when they are no such sequence.
std::optional<char32_t> decode(std::string_view text, std::size_t length) {
  if (length == 0 || text.size() < length) return std::nullopt;
  const auto first = static_cast<unsigned char>(text[0]);
  char32_t c = length == 1 ? first : first & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0U) != 0x80) return std::nullopt;
    c = c << 6 | (next & 0x3FU);
  }
  const bool too_long = (length == 3 && c < 0x800) || (length == 4 && c < 0x10000);
  if (too_long || !is_character(c)) return std::nullopt;
  return c;
}

}  // namespace

std::optional<std::string> utf8_of(std::u32string_view text) {
  std::string bytes;
  for (char32_t c : text) {
    if (!is_character(c)) return std::nullopt;
    if (c < 0x80) {
      bytes += static_cast<char>(c);
      continue;
    }
    const int following = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    bytes += static_cast<char>((0xF0U << (3 - following)) | (c >> (6 * following)));
    for (int i = following - 1; i >= 0; --i) bytes += static_cast<char>(0x80U | ((c >> (6 * i)) & 0x3FU));
  }
  return bytes;
}

std::optional<std::u32string> utf32_of(std::string_view text) {
  std::u32string characters;
  while (!text.empty()) {
    const std::size_t length = sequence_length(static_cast<unsigned char>(text.front()));
    const std::optional<char32_t> c = decode(text, length);
    if (!c) return std::nullopt;
    characters += *c;
    text.remove_prefix(length);
  }
  return characters;
}

}  // namespace staronnx
