#include "staronnx/bench/threshold_search.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>

namespace staronnx {
namespace {

// Lets the search measure until it is satisfied; returns how many measurements it wanted, or 100 when it never ends.
int run(ThresholdSearch& search, const std::function<bool(double)>& holds) {
  for (int measurements = 0; measurements < 100; ++measurements) {
    const std::optional<double> rate = search.next();
    if (!rate) return measurements;
    search.record(*rate, holds(*rate));
  }
  return 100;
}

TEST(ThresholdSearch, ComesWithinTheResolution) {
  for (const double limit : {0.5, 13.0, 50.0, 77.7, 98.0}) {
    ThresholdSearch search(100, 3);
    EXPECT_LE(run(search, [limit](double rate) { return rate <= limit; }), 7);
    EXPECT_LE(search.threshold_per_s(), limit);
    EXPECT_GT(search.threshold_per_s(), limit - 3.5);
  }
}

TEST(ThresholdSearch, GivesZeroWhenNothingHolds) {
  ThresholdSearch search(100, 3);
  run(search, [](double) { return false; });
  EXPECT_EQ(search.threshold_per_s(), 0);
}

TEST(ThresholdSearch, NeverMeasuresAboveTheCeiling) {
  ThresholdSearch search(100, 3);
  run(search, [](double rate) {
    EXPECT_LT(rate, 100);
    return true;
  });
  EXPECT_GE(search.threshold_per_s(), 97);
}

TEST(ThresholdSearch, StartsFromPointsThatAreThere) {
  ThresholdSearch search(100, 3);
  search.record(75, false);
  search.record(50, true);
  EXPECT_EQ(search.next(), 62.5);
}

TEST(ThresholdSearch, BelievesAFailureAboveTheCeilingAtOnce) {
  ThresholdSearch search(100, 3);
  search.record(98, true);
  search.record(105, false);
  EXPECT_EQ(search.next(), std::nullopt);
  EXPECT_EQ(search.threshold_per_s(), 98);
}

TEST(ThresholdSearch, AcceptsARateThatHeldAboveTheCeiling) {
  ThresholdSearch search(100, 3);
  search.record(102, true);
  EXPECT_EQ(search.next(), std::nullopt);
  EXPECT_EQ(search.threshold_per_s(), 102);
}

TEST(ThresholdSearch, RepeatsTheDecidingFailure) {
  ThresholdSearch search(100, 3);
  search.record(80, true);
  search.record(82, false);
  EXPECT_EQ(search.next(), 82);
  search.record(82, false);
  EXPECT_EQ(search.next(), std::nullopt);
  EXPECT_EQ(search.threshold_per_s(), 80);
}

TEST(ThresholdSearch, RecoversFromOneDisturbance) {
  ThresholdSearch search(100, 3);
  std::map<double, int> tries;
  EXPECT_LT(run(search, [&](double rate) { return rate <= 90 && (tries[rate]++ > 0 || rate != 50); }), 15);
  EXPECT_LE(search.threshold_per_s(), 90);
  EXPECT_GT(search.threshold_per_s(), 86);
}

TEST(ThresholdSearch, TrustsNoRateAboveOneThatFailed) {
  ThresholdSearch search(100, 3);
  search.record(40, true);
  search.record(42, false);
  search.record(42, false);
  search.record(60, true);
  EXPECT_EQ(search.threshold_per_s(), 40);
  EXPECT_EQ(search.next(), std::nullopt);
}

}  // namespace
}  // namespace staronnx
