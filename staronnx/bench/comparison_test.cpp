#include "staronnx/bench/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "staronnx/bench/simulated_system.h"

namespace staronnx {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::Field;
using testing::SizeIs;

class CompareTest : public testing::Test {
 protected:
  void add(const std::string& name, int servers, Milliseconds service) {
    systems_.push_back(
        std::make_unique<SimulatedSystem>(clock_, SimulatedSystemOptions{.name = name, .servers = servers, .service = service}));
  }

  Comparison compare_with(ComparisonOptions options) {
    options.in_flight = 8;
    return *compare(systems_, {}, options, clock_, [this](const std::string& what, double done, Seconds) {
      said_.push_back(what);
      shares_.push_back(done);
    });
  }

  SimulatedClock clock_;
  std::vector<std::unique_ptr<System>> systems_;
  std::vector<std::string> said_;
  std::vector<double> shares_;
};

// One server of T = 10 ms, an M/D/1 queue. Its p99 wait is about (T/x) ln(100 (1-rho) / (rho e^x - 1)) with x from rho (e^x - 1) = x,
// so p99 reaches 100 ms at rho = 0.77.
TEST_F(CompareTest, FindsTheThresholdThatQueueingTheoryPredicts) {
  add("single", 1, Milliseconds(10));
  const Comparison result = compare_with({.slo = Milliseconds(100), .budget = Seconds(3600)});
  EXPECT_NEAR(result.systems[0].lone_p50.count(), 10'000, 1);
  EXPECT_NEAR(result.systems[0].saturated_per_s, 100, 0.1);
  EXPECT_NEAR(result.systems[0].threshold_per_s, 77, 4);
}

TEST_F(CompareTest, ChoosesTheSloByTheFastestSystem) {
  add("slow", 2, Milliseconds(20));
  add("fast", 1, Milliseconds(4));
  const Comparison result = compare_with({});
  EXPECT_NEAR(result.slo.count(), 20, 0.01);
  EXPECT_FALSE(result.slo_chosen);
}

TEST_F(CompareTest, ObeysTheGivenSlo) {
  add("single", 1, Milliseconds(10));
  const Comparison result = compare_with({.slo = Milliseconds(9)});
  EXPECT_EQ(result.slo, Milliseconds(9));
  EXPECT_TRUE(result.slo_chosen);
  EXPECT_EQ(result.systems[0].threshold_per_s, 0);
  EXPECT_THAT(result.systems[0].points, Each(Field(&Point::held, false)));
}

TEST_F(CompareTest, MeasuresEverySystemAtTheGivenRatesWithTheSameArrivals) {
  add("a", 1, Milliseconds(10));
  add("b", 1, Milliseconds(10));
  const Comparison result = compare_with({.seed = 5, .rates_per_s = {20, 60}, .duration = Seconds(10)});
  ASSERT_THAT(result.systems, ElementsAre(Field(&SystemResult::name, "a"), Field(&SystemResult::name, "b")));
  for (const double rate : {20.0, 60.0}) {
    const Point& a = *std::ranges::find(result.systems[0].points, rate, &Point::rate_per_s);
    const Point& b = *std::ranges::find(result.systems[1].points, rate, &Point::rate_per_s);
    EXPECT_EQ(a.answered, static_cast<std::size_t>(10 * rate));
    EXPECT_NEAR(a.p99.count(), b.p99.count(), 1);
    EXPECT_EQ(a.duration, Seconds(10));
  }
}

TEST_F(CompareTest, TakesSystemsInTurn) {
  add("a", 1, Milliseconds(10));
  add("b", 1, Milliseconds(10));
  compare_with({.rates_per_s = {20, 60}, .duration = Seconds(1)});
  std::string order;
  for (const std::string& what : said_) order += what[0];
  EXPECT_EQ(order.substr(0, 8), "abababab");
}

TEST_F(CompareTest, KeepsPointsInTheOrderOfTheirRates) {
  add("single", 1, Milliseconds(10));
  const Comparison result = compare_with({});
  EXPECT_TRUE(std::ranges::is_sorted(result.systems[0].points, {}, &Point::rate_per_s));
  EXPECT_GT(result.systems[0].points.size(), 4u);
}

TEST_F(CompareTest, StaysWithinItsBudget) {
  add("a", 1, Milliseconds(10));
  add("b", 2, Milliseconds(10));
  const Clock::time_point begin = clock_.now();
  compare_with({.budget = Seconds(100)});
  EXPECT_LE(clock_.now() - begin, Seconds(101));
  EXPECT_GE(clock_.now() - begin, Seconds(60));
  EXPECT_TRUE(std::ranges::is_sorted(shares_));
  EXPECT_LE(shares_.back(), 1);
}

TEST_F(CompareTest, FailsWhenASystemCannotAnswer) {
  add("good", 1, Milliseconds(10));
  systems_.push_back(std::make_unique<SimulatedSystem>(
      clock_,
      SimulatedSystemOptions{.name = "bad", .service = Milliseconds(1), .answer = Error{ErrorCode::internal, "no luck"}}));
  const ComparisonOptions options{.in_flight = 1};
  const Result<Comparison> result = compare(systems_, {}, options, clock_, [](const std::string&, double, Seconds) {});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().message, "bad: no luck");
}

}  // namespace
}  // namespace staronnx
