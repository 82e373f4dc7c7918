// Bisection for the congestion threshold: the largest rate that a system holds.
//
//   ThresholdSearch search(saturated_per_s, 0.03 * saturated_per_s);
//   while (auto rate = search.next()) search.record(*rate, measure(*rate));
//   search.threshold_per_s();
//
// Pure: it says what to measure next and draws the conclusion; measuring is the caller's. Points measured for other purposes may be
// recorded as well, in any order.
#pragma once

#include <map>
#include <optional>

namespace staronnx {

class ThresholdSearch {
 public:
  // `ceiling_per_s`: a rate that cannot be held, known without a measurement (the saturated rate). `resolution_per_s`: how near the
  // largest held rate and the smallest failed one are to come; at least 1 % of the ceiling.
  ThresholdSearch(double ceiling_per_s, double resolution_per_s);

  void record(double rate_per_s, bool held);

  // What to measure next: the middle between held and failed (three significant digits); when these are near enough, the failed rate once more, because one
  // disturbance from outside can fail a point. A rate that held once counts as held. Nothing when the search is over.
  std::optional<double> next() const;

  // The largest rate that held with no failed rate below it; 0 when there is none.
  double threshold_per_s() const;

 private:
  struct Tries {
    int held = 0;
    int failed = 0;
  };
  // The smallest failed rate, or the end of `tries_`.
  std::map<double, Tries>::const_iterator first_failed() const;

  double ceiling_per_s_;
  double resolution_per_s_;
  std::map<double, Tries> tries_;  // by rate
};

}  // namespace staronnx
