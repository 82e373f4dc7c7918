// Ranges of rates, and of other numbers, as people write and read them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "staronnx/base/result.h"

namespace staronnx {

// "5:20:5" -> 5, 10, 15, 20; "5:7" -> 5, 6, 7; "5" -> 5. Refuses, naming `option`: other text, numbers and steps that are not positive, an
// end before the beginning, and more than 1000 numbers.
Result<std::vector<double>> parse_range(const std::string& option, std::string_view text);

// The nearest number of three significant digits: 21.34 -> 21.3. `rate_per_s` > 0.
double rounded_rate(double rate_per_s);

}  // namespace staronnx
