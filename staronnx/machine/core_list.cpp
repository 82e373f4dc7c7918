#include "staronnx/machine/core_list.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace staronnx {
namespace {

constexpr int last_core = 8191;

std::optional<int> number_of(std::string_view text) {
  int number = 0;
  const auto [stop, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc() || stop != text.data() + text.size() || number < 0 || number > last_core) return std::nullopt;
  return number;
}

// "3" or "0-7".
std::optional<std::pair<int, int>> range_of(std::string_view text) {
  const std::size_t dash = text.find('-');
  const std::optional<int> first = number_of(text.substr(0, dash));
  const std::optional<int> last = dash == std::string_view::npos ? first : number_of(text.substr(dash + 1));
  if (!first || !last || *last < *first) return std::nullopt;
  return std::pair(*first, *last);
}

Error refused(std::string_view text, const std::string& why) {
  return {ErrorCode::invalid_argument, "'" + std::string(text) + "' " + why + "; write it as in '0-7,16-23'"};
}

}  // namespace

std::string core_list(std::span<const int> cores) {
  std::string text;
  for (std::size_t begin = 0; begin < cores.size();) {
    std::size_t end = begin + 1;
    while (end < cores.size() && cores[end] == cores[end - 1] + 1) ++end;
    text += (begin == 0 ? "" : ",") + std::to_string(cores[begin]);
    if (end - begin > 1) text += "-" + std::to_string(cores[end - 1]);
    begin = end;
  }
  return text;
}

Result<std::vector<int>> parse_core_list(std::string_view text) {
  std::vector<bool> listed(last_core + 1);
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const auto range = range_of(text.substr(begin, end - begin));
    if (!range) return refused(text, "is not a list of cores from 0 to " + std::to_string(last_core));
    for (int core = range->first; core <= range->second; ++core) {
      if (listed[static_cast<std::size_t>(core)]) return refused(text, "lists core " + std::to_string(core) + " twice");
      listed[static_cast<std::size_t>(core)] = true;
    }
    begin = end + 1;
  }
  std::vector<int> cores;
  for (int core = 0; core <= last_core; ++core) {
    if (listed[static_cast<std::size_t>(core)]) cores.push_back(core);
  }
  return cores;
}

}  // namespace staronnx
