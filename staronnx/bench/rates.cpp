#include "staronnx/bench/rates.h"

#include <charconv>
#include <cmath>

namespace staronnx {
namespace {

constexpr std::size_t kMostNumbers = 1000;

// The numbers of "a:b:c"; none when the text is something else.
std::vector<double> numbers_of(std::string_view text) {
  std::vector<double> numbers;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (true) {
    double number = 0;
    const auto [stop, problem] = std::from_chars(at, end, number);
    if (problem != std::errc() || !std::isfinite(number)) return {};
    numbers.push_back(number);
    if (stop == end) return numbers;
    if (*stop != ':') return {};
    at = stop + 1;
  }
}

}  // namespace

Result<std::vector<double>> parse_range(const std::string& option, std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    return Error{ErrorCode::invalid_argument, option + " '" + std::string(text) + "': " + std::string(why) +
                                                  "; write FIRST:LAST:STEP, such as 5:20:5, or one number"};
  };
  const std::vector<double> numbers = numbers_of(text);
  if (numbers.empty() || numbers.size() > 3) return refuse("not one to three numbers");
  const double first = numbers[0], last = numbers.size() > 1 ? numbers[1] : first, step = numbers.size() > 2 ? numbers[2] : 1;
  if (first <= 0 || step <= 0) return refuse("numbers and step must be greater than 0");
  if (last < first) return refuse("the last number is below the first");
  const double steps = std::floor((last - first) / step + 1e-9);
  if (steps >= static_cast<double>(kMostNumbers)) return refuse("more than " + std::to_string(kMostNumbers) + " numbers");
  std::vector<double> range;
  for (int i = 0; i <= static_cast<int>(steps); ++i) range.push_back(first + i * step);
  return range;
}

double rounded_rate(double rate_per_s) {
  const double unit = std::pow(10.0, std::floor(std::log10(rate_per_s)) - 2);
  return std::round(rate_per_s / unit) * unit;
}

}  // namespace staronnx
