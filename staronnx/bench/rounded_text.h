// Numbers as people read them in a report.
#pragma once

#include <string>

namespace staronnx {

std::string number(double value, int decimals);

// Rates and times with about three digits that mean something: "1.23", "12.3", "123".
std::string three_digits(double value);

}  // namespace staronnx
