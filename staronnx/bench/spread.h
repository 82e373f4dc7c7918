// What a figure was over several seeds.
#pragma once

#include <cstddef>
#include <vector>

namespace staronnx {

// The median, and two of the values around it: the interval from `low` to `high` holds the median of all seeds that there could be with the
// probability confidence_of() the number of values, whatever their distribution (order statistics, binomial). It is the narrowest
// such interval, even about the median, of at least 95 %, or else from the least to the greatest value.
struct Spread {
  double median = 0, low = 0, high = 0;
};

Spread spread_of(std::vector<double> values);  // not empty

// 3 values: 0.75. 6: 0.97. One: 0.
double confidence_of(std::size_t values);

}  // namespace staronnx
