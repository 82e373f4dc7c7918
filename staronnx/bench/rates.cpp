#include "staronnx/bench/rates.h"

#include <charconv>
#include <cmath>
#include <string>

namespace staronnx {
namespace {

constexpr std::size_t kMostRates = 100;

// The numbers of "a:b:c", or fewer when the text is something else.
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

Result<std::vector<double>> parse_rates(std::string_view text) {
  if (text == "auto") return std::vector<double>{};
  const auto refuse = [&](std::string_view why) {
    return Error{ErrorCode::invalid_argument, "rates '" + std::string(text) + "': " + std::string(why) +
                                                  "; write first:last:step in requests per second, such as 5:20:5, or auto"};
  };
  const std::vector<double> numbers = numbers_of(text);
  if (numbers.size() != 3) return refuse("not three numbers");
  const double first = numbers[0], last = numbers[1], step = numbers[2];
  if (first <= 0 || step <= 0) return refuse("rate and step must be greater than 0");
  if (last < first) return refuse("the last rate is below the first");
  const double steps = std::floor((last - first) / step + 1e-9);
  if (steps >= static_cast<double>(kMostRates)) return refuse("more than " + std::to_string(kMostRates) + " rates");
  std::vector<double> rates;
  for (int i = 0; i <= static_cast<int>(steps); ++i) rates.push_back(first + i * step);
  return rates;
}

double rounded_rate(double rate_per_s) {
  const double unit = std::pow(10.0, std::floor(std::log10(rate_per_s)) - 2);
  return std::round(rate_per_s / unit) * unit;
}

}  // namespace staronnx
