#include "staronnx/bench/threshold_search.h"

#include <algorithm>
#include <iterator>

#include "staronnx/bench/rates.h"

namespace staronnx {

ThresholdSearch::ThresholdSearch(double ceiling_per_s, double resolution_per_s)
    : ceiling_per_s_(ceiling_per_s), resolution_per_s_(resolution_per_s) {}

void ThresholdSearch::record(double rate_per_s, bool held) {
  Tries& tries = tries_[rate_per_s];
  (held ? tries.held : tries.failed) += 1;
}

std::map<double, ThresholdSearch::Tries>::const_iterator ThresholdSearch::first_failed() const {
  return std::find_if(tries_.begin(), tries_.end(), [](const auto& entry) { return entry.second.held == 0; });
}

std::optional<double> ThresholdSearch::next() const {
  const auto failed = first_failed();
  const double low = threshold_per_s();
  const double high = failed == tries_.end() ? ceiling_per_s_ : std::min(ceiling_per_s_, failed->first);
  if (high - low > resolution_per_s_) return rounded_rate((low + high) / 2);
  if (failed != tries_.end() && failed->first < ceiling_per_s_ && failed->second.failed == 1) return failed->first;
  return std::nullopt;
}

double ThresholdSearch::threshold_per_s() const {
  const auto failed = first_failed();
  return failed == tries_.begin() ? 0 : std::prev(failed)->first;
}

}  // namespace staronnx
