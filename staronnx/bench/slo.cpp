#include "staronnx/bench/slo.h"

#include <charconv>
#include <cmath>

namespace staronnx {

Result<Slo> parse_slo(std::string_view text) {
  std::string_view digits = text;
  const auto ends_with = [&](std::string_view unit) {
    const bool so = digits.ends_with(unit);
    if (so) digits.remove_suffix(unit.size());
    return so;
  };
  const bool times = ends_with("x"), milliseconds = !times && ends_with("ms"),
             seconds = !times && !milliseconds && ends_with("s");
  double number = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (problem != std::errc() || end != digits.data() + digits.size() || !std::isfinite(number) || number <= 0)
    return Error{
        ErrorCode::invalid_argument,
        "--slo '" + std::string(text) + "': write a time, such as 80ms (or 80), or a multiple of the lone latency, such as 3x"};
  if (times) return Slo{.times_lone = number};
  return Slo{.fixed = seconds ? Milliseconds(Seconds(number)) : Milliseconds(number)};
}

}  // namespace staronnx
