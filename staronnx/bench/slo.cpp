#include "staronnx/bench/slo.h"

#include <charconv>
#include <cmath>

namespace staronnx {

Result<Slo> parse_slo(std::string_view text) {
  std::string_view digits = text;
  const bool times = digits.ends_with('x');
  if (times) digits.remove_suffix(1);
  double number = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (problem != std::errc() || end != digits.data() + digits.size() || !std::isfinite(number) || number <= 0)
    return Error{
        ErrorCode::invalid_argument,
        "--slo '" + std::string(text) + "': write milliseconds, such as 80, or a multiple of the lone latency, such as 3x"};
  return times ? Slo{.times_lone = number} : Slo{.fixed = Milliseconds(number)};
}

}  // namespace staronnx
