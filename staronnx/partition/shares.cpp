#include <charconv>
#include <cmath>
#include <numeric>
#include <string>

#include "staronnx/partition/partition.h"

namespace staronnx {
namespace {

Error refused(std::string message) {
  return {ErrorCode::invalid_argument, std::move(message)};
}

Result<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure == std::errc() && end == text.data() + text.size() && std::isfinite(value)) return value;
  return refused("\"" + std::string(text) +
                 "\" in the shares is not a number; write numbers with commas between them, such as 0.7,0.3");
}

}  // namespace

Shares Shares::even(std::size_t segments) {
  return {std::vector<double>(segments, 1.0 / static_cast<double>(segments))};
}

Result<Shares> parse_shares(std::string_view text) {
  Shares shares;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const Result<double> share = parse_number(text.substr(begin, end - begin));
    if (!share) return share.error();
    shares.of_work.push_back(*share);
    begin = end + 1;
  }
  return shares;
}

}  // namespace staronnx
