#include "staronnx/serve/summary_options.h"

#include <charconv>
#include <string_view>

namespace staronnx {
namespace {

constexpr std::string_view kQuantiles = "summary_quantiles=";

// A number from 0 to 1 at the front of `text`, which is taken off with the `end` behind it, if more follows.
bool take_share(std::string_view& text, char end, double& share) {
  const auto [stop, problem] = std::from_chars(text.data(), text.data() + text.size(), share);
  if (problem != std::errc() || !(share >= 0 && share <= 1)) return false;
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
  if (text.empty()) return true;
  if (text.front() != end || text.size() == 1) return false;
  text.remove_prefix(1);
  return true;
}

Result<std::vector<Quantile>> quantiles_of(std::string_view text) {
  const Error refused{ErrorCode::invalid_argument,
                      "'" + std::string(text) + "' are no quantiles; write such as 0.5:0.05,0.9:0.01, each with its error"};
  std::vector<Quantile> quantiles;
  do {
    Quantile& made = quantiles.emplace_back();
    if (!take_share(text, ':', made.at) || !take_share(text, ',', made.error)) return refused;
  } while (!text.empty());
  return quantiles;
}

}  // namespace

Result<SummaryOptions> SummaryOptions::parse(std::span<const std::string> settings) {
  SummaryOptions options;
  for (const std::string& setting : settings) {
    const std::string_view text = setting;
    if (text == "summary_latencies=true" || text == "summary_latencies=false") {
      options.on = text.ends_with("true");
    } else if (text.starts_with(kQuantiles)) {
      Result<std::vector<Quantile>> quantiles = quantiles_of(text.substr(kQuantiles.size()));
      if (!quantiles) return quantiles.error();
      options.quantiles = *std::move(quantiles);
    } else {
      return Error{ErrorCode::invalid_argument,
                   "'" + setting + "' is no setting of metrics; write summary_latencies=true or summary_quantiles=.."};
    }
  }
  return options;
}

}  // namespace staronnx
