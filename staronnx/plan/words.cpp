#include "staronnx/plan/words.h"

#include <array>
#include <charconv>

namespace staronnx {

std::string number(double value) {
  std::array<char, 64> text{};
  const bool large = value >= 1000;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value,
                                 large ? std::chars_format::fixed : std::chars_format::general, large ? 0 : 3);
  return {text.data(), end.ptr};
}

std::string words(Microseconds time) {
  return number(Milliseconds(time).count()) + " ms";
}

std::string words(Bytes bytes) {
  constexpr std::array<const char*, 5> units = {" B", " KiB", " MiB", " GiB", " TiB"};
  auto value = static_cast<double>(bytes.count);
  std::size_t unit = 0;
  for (; value >= 1000 && unit + 1 < units.size(); ++unit) value /= 1024;
  return number(value) + units[unit];
}

std::string percent(double share) {
  return number(100 * share) + " %";
}

std::string counted(std::size_t count, const std::string& thing) {
  return std::to_string(count) + " " + thing + (count == 1 ? "" : "s");
}

}  // namespace staronnx
