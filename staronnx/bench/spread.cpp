#include "staronnx/bench/spread.h"

#include <algorithm>
#include <cmath>

namespace staronnx {
namespace {

constexpr double kWanted = 0.95;

// That the median lies from the value of rank `left_out` to the one as far from the other end: fewer than so many of `values` are on one side of it
// with the probability of as many heads in as many throws.
double confidence(std::size_t values, std::size_t left_out) {
  double outside = 0, ways = 1;
  for (std::size_t heads = 0; heads <= left_out; ++heads) {
    outside += ways;
    ways = ways * static_cast<double>(values - heads) / static_cast<double>(heads + 1);
  }
  return 1 - 2 * std::ldexp(outside, -static_cast<int>(values));
}

// On each side.
std::size_t left_out(std::size_t values) {
  std::size_t count = 0;
  while (2 * (count + 1) < values && confidence(values, count + 1) >= kWanted) ++count;
  return count;
}

}  // namespace

Spread spread_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t count = values.size(), out = left_out(count);
  const double median = (values[(count - 1) / 2] + values[count / 2]) / 2;
  return {median, values[out], values[count - 1 - out]};
}

double confidence_of(std::size_t values) {
  return values < 2 ? 0 : confidence(values, left_out(values));
}

}  // namespace staronnx
