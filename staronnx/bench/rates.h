// Request rates as people write and read them.
#pragma once

#include <string_view>
#include <vector>

#include "staronnx/base/result.h"

namespace staronnx {

// "5:20:5" -> 5, 10, 15, 20 requests per second. "auto" -> none: the comparison chooses. Refuses other text, rates and steps that are not
// positive, an end before the beginning, and more than 100 rates.
Result<std::vector<double>> parse_rates(std::string_view text);

// The nearest number of three significant digits: 21.34 -> 21.3. `rate_per_s` > 0.
double rounded_rate(double rate_per_s);

}  // namespace staronnx
