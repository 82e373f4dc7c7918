#include "staronnx/serve/trace_context.h"

#include <algorithm>

namespace staronnx {
namespace {

// "00-<32 digits>-<16 digits>-<2 digits>"; later versions may add to it behind another '-'.
constexpr std::size_t kTraceId = 3, kParentId = 36, kFlags = 53, kLength = 55;
constexpr std::size_t kMostMembers = 32;  // of tracestate
constexpr std::size_t kMostCharacters = 256;

bool is_small(char c) {
  return c >= 'a' && c <= 'z';
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Capitals are refused.
bool is_hexadecimal(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
}

bool is_id(std::string_view text) {
  return is_hexadecimal(text) && text.find_first_not_of('0') != std::string_view::npos;
}

bool is_set(char last_digit, unsigned bit) {
  const auto value = static_cast<unsigned>(is_digit(last_digit) ? last_digit - '0' : last_digit - 'a' + 10);
  return (value & bit) != 0;
}

bool is_key_part(std::string_view text, std::size_t most) {
  const auto fits = [](char c) {
    return is_small(c) || is_digit(c) || std::string_view("_-*/").find(c) != std::string_view::npos;
  };
  return !text.empty() && text.size() <= most && std::ranges::all_of(text, fits);
}

// A name, or TENANT@SYSTEM.
bool is_key(std::string_view key) {
  const std::size_t at = key.find('@');
  if (at == std::string_view::npos) return is_key_part(key, kMostCharacters) && is_small(key.front());
  const std::string_view system = key.substr(at + 1);
  return is_key_part(key.substr(0, at), 241) && (is_small(key.front()) || is_digit(key.front())) && is_key_part(system, 14) &&
         is_small(system.front());
}

bool is_value(std::string_view value) {
  const auto fits = [](char c) { return c >= 0x20 && c <= 0x7e && c != ',' && c != '='; };
  return !value.empty() && value.size() <= kMostCharacters && value.back() != ' ' && std::ranges::all_of(value, fits);
}

std::string_view without_blanks(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// Members KEY=VALUE between commas; empty ones do not matter.
bool is_state(std::string_view state) {
  std::size_t members = 0;
  for (bool more = true; more;) {
    const std::size_t comma = state.find(',');
    const std::string_view member = without_blanks(state.substr(0, comma));
    more = comma != std::string_view::npos;
    if (more) state.remove_prefix(comma + 1);
    if (member.empty()) continue;
    const std::size_t equals = member.find('=');
    if (equals == std::string_view::npos || !is_key(member.substr(0, equals)) || !is_value(member.substr(equals + 1)))
      return false;
    ++members;
  }
  return members <= kMostMembers;
}

}  // namespace

std::optional<TraceContext> trace_context(std::string_view traceparent, std::string_view tracestate) {
  if (traceparent.size() < kLength) return std::nullopt;
  const std::string_view version = traceparent.substr(0, 2);
  if (!is_hexadecimal(version) || version == "ff") return std::nullopt;
  if (traceparent.size() > kLength && (version == "00" || traceparent[kLength] != '-')) return std::nullopt;
  if (traceparent[kTraceId - 1] != '-' || traceparent[kParentId - 1] != '-' || traceparent[kFlags - 1] != '-')
    return std::nullopt;
  TraceContext context{std::string(traceparent.substr(kTraceId, 32)), std::string(traceparent.substr(kParentId, 16))};
  const std::string_view flags = traceparent.substr(kFlags, 2);
  if (!is_id(context.trace_id) || !is_id(context.parent_id) || !is_hexadecimal(flags)) return std::nullopt;
  context.sampled = is_set(flags.back(), 1);
  if (is_state(tracestate)) context.state = without_blanks(tracestate);
  return context;
}

}  // namespace staronnx
