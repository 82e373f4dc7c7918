#include "staronnx/bench/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "staronnx/bench/simulated_system.h"

namespace staronnx {
namespace {

using testing::Contains;
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
    return *compare(
        systems_, options, clock_,
        [this](const std::string& what, double done, Seconds) {
          said_.push_back(what);
          shares_.push_back(done);
        },
        [this](const std::string& system, const Point& point, const Limits&, std::span<const Sample> samples) {
          EXPECT_EQ(samples.size(), point.sent);
          recorded_.push_back(system);
        });
  }

  SimulatedClock clock_;
  std::vector<std::unique_ptr<System>> systems_;
  std::vector<std::string> said_;
  std::vector<double> shares_;
  std::vector<std::string> recorded_;
};

// One server of T = 10 ms, an M/D/1 queue. Its p99 wait is about (T/x) ln(100 (1-rho) / (rho e^x - 1)) with x from rho (e^x - 1) = x,
// so p99 reaches 100 ms at rho = 0.77.
TEST_F(CompareTest, FindsTheThresholdThatQueueingTheoryPredicts) {
  add("single", 1, Milliseconds(10));
  const Comparison result = compare_with({.slo = {.fixed = Milliseconds(100)}, .budget = Seconds(3600)});
  const SeedResult& seed = result.systems[0].by_seed.at(0);
  EXPECT_FALSE(seed.lone_p50);  // the SLO does not need it
  EXPECT_NEAR(*seed.saturated_per_s, 100, 0.1);
  EXPECT_NEAR(*seed.threshold_per_s, 77, 4);
  EXPECT_FALSE(seed.generator_limited);
}

TEST_F(CompareTest, ChoosesTheSloByTheFastestSystem) {
  add("slow", 2, Milliseconds(20));
  add("fast", 1, Milliseconds(4));
  const Comparison result = compare_with({});
  EXPECT_NEAR(result.limits.slo.count(), 20, 0.01);
  EXPECT_NEAR(result.systems[1].by_seed[0].lone_p50->count(), 4'000, 1);
  EXPECT_NEAR(compare_with({.slo = {.times_lone = 3}}).limits.slo.count(), 12, 0.01);
}

TEST_F(CompareTest, ObeysTheGivenSlo) {
  add("single", 1, Milliseconds(10));
  const Comparison result = compare_with({.slo = {.fixed = Milliseconds(9)}});
  EXPECT_EQ(result.limits.slo, Milliseconds(9));
  EXPECT_EQ(result.systems[0].by_seed[0].threshold_per_s, 0);
  EXPECT_THAT(result.systems[0].points, Each(Field(&Point::held, false)));
}

TEST_F(CompareTest, MeasuresEverySystemAtTheGivenRatesWithTheSameArrivals) {
  add("a", 1, Milliseconds(10));
  add("b", 1, Milliseconds(10));
  const Comparison result = compare_with({.seeds = {5}, .rates = {.per_s = {20, 60}, .search = false}, .duration = Seconds(10)});
  ASSERT_THAT(result.systems, ElementsAre(Field(&SystemResult::name, "a"), Field(&SystemResult::name, "b")));
  for (const double rate : {20.0, 60.0}) {
    const Point& a = *std::ranges::find(result.systems[0].points, rate, &Point::rate_per_s);
    const Point& b = *std::ranges::find(result.systems[1].points, rate, &Point::rate_per_s);
    EXPECT_EQ(a.answered, static_cast<std::size_t>(10 * rate));
    EXPECT_NEAR(a.p99.count(), b.p99.count(), 1);
    EXPECT_EQ(a.duration, Seconds(10));
    EXPECT_EQ(a.seed, 5u);
  }
  EXPECT_THAT(result.systems[0].points, SizeIs(2));
  EXPECT_FALSE(result.systems[0].by_seed[0].threshold_per_s);
  EXPECT_FALSE(result.systems[0].by_seed[0].saturated_per_s);
}

TEST_F(CompareTest, TakesSystemsInTurn) {
  add("a", 1, Milliseconds(10));
  add("b", 1, Milliseconds(10));
  compare_with({.rates = {.per_s = {20, 60}, .search = false}, .duration = Seconds(1)});
  std::string order;
  for (const std::string& what : said_) order += what[0];
  EXPECT_EQ(order, "ababab");
}

TEST_F(CompareTest, KeepsPointsInTheOrderOfTheirRates) {
  add("single", 1, Milliseconds(10));
  const Comparison result = compare_with({});
  EXPECT_TRUE(std::ranges::is_sorted(result.systems[0].points, {}, &Point::rate_per_s));
  EXPECT_GT(result.systems[0].points.size(), 4u);
}

TEST_F(CompareTest, MeasuresAllOnceForEachSeed) {
  add("a", 1, Milliseconds(10));
  add("b", 1, Milliseconds(10));
  const Comparison result = compare_with({.seeds = {3, 4, 5}, .budget = Seconds(600)});
  for (const SystemResult& system : result.systems) {
    ASSERT_THAT(system.by_seed, SizeIs(3));
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(system.by_seed[i].seed, 3 + i);
      EXPECT_TRUE(system.by_seed[i].lone_p50 && system.by_seed[i].saturated_per_s);
      EXPECT_GT(*system.by_seed[i].threshold_per_s, 0);
      EXPECT_GE(std::ranges::count(system.points, 3 + i, &Point::seed), 4);
    }
  }
  EXPECT_EQ(said_[0], "a, one request at a time: p50 10.00 ms");
  EXPECT_EQ(std::ranges::count(recorded_, "a"), static_cast<std::ptrdiff_t>(result.systems[0].points.size()));
}

// The first round needs the ends of the range, the others halve it: 64, 48, 40, 36 are all held or all not.
TEST_F(CompareTest, SearchesWithinTheGivenRange) {
  add("single", 1, Milliseconds(10));
  const Comparison result =
      compare_with({.rates = {.per_s = {20, 30, 40, 50, 60, 70, 80, 90}, .ends_only = true, .resolution_per_s = 10},
                    .slo = {.fixed = Milliseconds(100)},
                    .duration = Seconds(100)});
  const std::vector<Point>& points = result.systems[0].points;
  EXPECT_EQ(points.front().rate_per_s, 20);
  EXPECT_EQ(points.back().rate_per_s, 90);
  EXPECT_THAT(points, Contains(Field(&Point::rate_per_s, 55)));
  EXPECT_FALSE(result.systems[0].by_seed[0].saturated_per_s);
  EXPECT_NEAR(*result.systems[0].by_seed[0].threshold_per_s, 77, 10);
}

TEST_F(CompareTest, MeasuresAllGivenRatesAndSearchesBetweenThem) {
  add("single", 1, Milliseconds(10));
  const Comparison result =
      compare_with({.rates = {.per_s = {20, 40, 90}}, .slo = {.fixed = Milliseconds(100)}, .duration = Seconds(100)});
  for (const double rate : {20.0, 40.0, 90.0}) EXPECT_THAT(result.systems[0].points, Contains(Field(&Point::rate_per_s, rate)));
  EXPECT_NEAR(*result.systems[0].by_seed[0].threshold_per_s, 77, 4);
}

TEST_F(CompareTest, MeasuresTheRateThatIsAskedForBesideTheThreshold) {
  add("single", 1, Milliseconds(10));
  for (const double rate : {60.0, 130.0}) {
    const Comparison result =
        compare_with({.rates = {.asked = rate}, .slo = {.fixed = Milliseconds(100)}, .duration = Seconds(100)});
    const SeedResult& seed = result.systems[0].by_seed[0];
    EXPECT_EQ(std::ranges::find(result.systems[0].points, rate, &Point::rate_per_s)->held, rate == 60);
    EXPECT_NEAR(*seed.threshold_per_s, 77, 4);
    EXPECT_NEAR(seed.lone_p50->count(), 10'000, 1);
    EXPECT_NEAR(*seed.saturated_per_s, 100, 0.1);
  }
}

TEST_F(CompareTest, DoesNotLeaveTheRangeWhenNothingHolds) {
  add("single", 1, Milliseconds(10));
  const Comparison result = compare_with(
      {.rates = {.per_s = {50, 60, 70}, .resolution_per_s = 10}, .slo = {.fixed = Milliseconds(9)}, .duration = Seconds(10)});
  EXPECT_EQ(result.systems[0].by_seed[0].threshold_per_s, 0);
  EXPECT_THAT(result.systems[0].points, Each(Field(&Point::rate_per_s, testing::Ge(50))));
}

TEST_F(CompareTest, KeepsSoManyInFlight) {
  add("two servers", 2, Milliseconds(10));
  ComparisonOptions options;
  options.concurrency = {1, 4};
  options.slo.fixed = Milliseconds(15);
  options.duration = Seconds(1);
  const Comparison result = compare_with(options);
  const std::vector<Point>& points = result.systems[0].points;
  ASSERT_THAT(points, ElementsAre(Field(&Point::in_flight, 1), Field(&Point::in_flight, 4)));
  EXPECT_NEAR(points[0].served_per_s, 100, 1);
  EXPECT_NEAR(points[1].served_per_s, 200, 3);
  EXPECT_TRUE(points[0].held);
  EXPECT_FALSE(points[1].held);  // 20 ms
  EXPECT_EQ(result.arrivals, "closed loop");
}

TEST_F(CompareTest, ReplaysIntervalsAtTheirOwnRate) {
  add("single", 1, Milliseconds(10));
  const Comparison result = compare_with({.arrivals = *parse_intervals("20000\n80000\n", "gaps"), .duration = Seconds(1)});
  ASSERT_THAT(result.systems[0].points, SizeIs(1));
  EXPECT_EQ(result.systems[0].points[0].rate_per_s, 20);
  EXPECT_EQ(result.systems[0].points[0].sent, 20u);
  EXPECT_EQ(result.arrivals, "intervals of gaps");
}

TEST_F(CompareTest, RepeatsWindowsUntilTheyAgree) {
  add("single", 1, Milliseconds(10));
  const ComparisonOptions quiet{.rates = {.per_s = {20}, .search = false}, .duration = Seconds(100), .stability = Stability{}};
  const SimulatedSystem& system = dynamic_cast<const SimulatedSystem&>(*systems_[0]);
  const Comparison result = compare_with(quiet);
  EXPECT_TRUE(result.systems[0].points[0].stable);
  EXPECT_EQ(result.systems[0].points[0].seed, 1u);
  EXPECT_THAT(recorded_, SizeIs(1));
  EXPECT_GE(system.requests(), 3 * 2000u);
  ComparisonOptions hard = quiet;
  hard.stability = {.allowed = 0, .most_windows = 5};
  hard.rates.per_s = {99};
  EXPECT_FALSE(compare_with(hard).systems[0].points[0].stable);
}

// The generator of a system that takes long to accept is late; a threshold that it found is no limit of the system.
TEST_F(CompareTest, SaysWhenTheGeneratorLimitedTheThreshold) {
  systems_.push_back(std::make_unique<SimulatedSystem>(
      clock_,
      SimulatedSystemOptions{.name = "slow to take", .servers = 100, .service = Milliseconds(1), .taking = Milliseconds(20)}));
  const Comparison result = compare_with(
      {.rates = {.per_s = {10, 100}, .resolution_per_s = 10}, .slo = {.fixed = Milliseconds(100)}, .duration = Seconds(20)});
  EXPECT_TRUE(result.systems[0].by_seed[0].generator_limited);
  EXPECT_LT(*result.systems[0].by_seed[0].threshold_per_s, 60);
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
  const Result<Comparison> result = compare(systems_, options, clock_, [](const std::string&, double, Seconds) {}, {});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().message, "bad: no luck");
}

}  // namespace
}  // namespace staronnx
