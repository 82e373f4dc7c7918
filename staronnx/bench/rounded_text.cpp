#include "staronnx/bench/rounded_text.h"

#include <iomanip>
#include <sstream>

namespace staronnx {

std::string number(double value, int decimals) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(decimals) << value;
  return text.str();
}

std::string three_digits(double value) {
  return number(value, value < 10 ? 2 : value < 100 ? 1 : 0);
}

}  // namespace staronnx
