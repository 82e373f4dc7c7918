#include "staronnx/bench/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "staronnx/bench/arrivals.h"
#include "staronnx/bench/simulated_system.h"

namespace staronnx {
namespace {

constexpr Milliseconds kSlo{100};
constexpr Milliseconds kService{10};

std::vector<Seconds> every(Seconds gap, int count) {
  std::vector<Seconds> arrivals;
  for (int i = 0; i < count; ++i) arrivals.push_back(gap * i);
  return arrivals;
}

Sample answered(Seconds intended, Seconds latency) {
  return {.intended = intended, .sent = intended, .finished = intended + latency, .failure = std::nullopt};
}

TEST(PointOf, CountsLatencyFromTheIntendedSend) {
  const Sample late{.intended = Seconds(1), .sent = Seconds(3), .finished = Seconds(4), .failure = std::nullopt};
  EXPECT_EQ(point_of(1, Seconds(4), kSlo, {&late, 1}).p50, Seconds(3));
}

TEST(PointOf, SaysWhenTheGeneratorWasLate) {
  std::vector<Sample> samples(200, answered(Seconds(0), kService));
  for (Sample& sample : samples) sample.sent += Milliseconds(0.9);
  EXPECT_FALSE(point_of(1, Seconds(1), kSlo, samples).late_generator);
  for (std::size_t i = 0; i < 2; ++i) samples[i].sent += Milliseconds(5);
  EXPECT_FALSE(point_of(1, Seconds(1), kSlo, samples).late_generator);  // 1 % may be late
  samples[2].sent += Milliseconds(5);
  const Point point = point_of(1, Seconds(1), kSlo, samples);
  EXPECT_TRUE(point.late_generator);
  EXPECT_NEAR(point.lag_p99.count(), 5900, 1e-6);
}

TEST(PointOf, CountsEachOutcomeApart) {
  std::vector<Sample> samples(10, answered(Seconds(0), kService));
  samples[0].failure = ErrorCode::unavailable;
  samples[1].failure = samples[2].failure = ErrorCode::deadline_exceeded;
  samples[3].failure = ErrorCode::internal;
  const Point point = point_of(10, Seconds(1), kSlo, samples);
  EXPECT_EQ(point.answered, 6u);
  EXPECT_EQ(point.refused, 1u);
  EXPECT_EQ(point.dropped, 2u);
  EXPECT_EQ(point.failed, 1u);
  EXPECT_FALSE(point.held);
  EXPECT_DOUBLE_EQ(point.served_per_s, 6);
}

TEST(PointOf, HoldsWhenP99IsWithinTheSlo) {
  std::vector<Sample> samples(200, answered(Seconds(0), kSlo));
  samples[0].finished = samples[1].finished = Seconds(1);
  EXPECT_TRUE(point_of(200, Seconds(1), kSlo, samples).held);
  samples[2].finished = Seconds(1);
  EXPECT_FALSE(point_of(200, Seconds(1), kSlo, samples).held);
}

TEST(PointOf, DoesNotHoldWithAGrowingBacklog) {
  std::vector<Sample> samples;
  for (int i = 0; i < 100; ++i) samples.push_back(answered(Seconds(0.01 * i), Milliseconds(0.9 * i)));
  const Point point = point_of(100, Seconds(1), kSlo, samples);
  EXPECT_LE(point.p99, kSlo);
  EXPECT_TRUE(point.backlog_grows);
  EXPECT_FALSE(point.held);
}

TEST(PointOf, WithoutAnyAnswerHasNoLatency) {
  Sample refused = answered(Seconds(0), kService);
  refused.failure = ErrorCode::unavailable;
  const Point point = point_of(1, Seconds(1), kSlo, {&refused, 1});
  EXPECT_EQ(point.answered, 0u);
  EXPECT_EQ(point.served_per_s, 0);
  EXPECT_FALSE(point.held);
}

TEST(OpenLoop, SendsWhateverTheSystemDoes) {
  SimulatedClock clock;
  SimulatedSystem system(clock, {.service = kService});
  // Requests every 5 ms, answered in 10 ms each: the i-th waits 5 i ms more.
  const Point point = open_loop(system, clock, {}, 200, every(Milliseconds(5), 10), Milliseconds(50), kSlo);
  EXPECT_EQ(point.answered, 10u);
  EXPECT_NEAR(point.p50.count(), 10'000 + 4 * 5'000, 1);
  EXPECT_NEAR(point.p99.count(), 10'000 + 9 * 5'000, 1);
  EXPECT_NEAR(point.served_per_s, 100, 0.1);
  EXPECT_FALSE(point.late_generator);
}

TEST(OpenLoop, DoesNotCountTheRequestThatWakes) {
  SimulatedClock clock;
  SimulatedSystem system(clock, {.service = kService});
  const Point point = open_loop(system, clock, {}, 10, every(Seconds(1), 3), Seconds(3), kSlo);
  EXPECT_EQ(system.requests(), 4u);
  EXPECT_EQ(point.answered, 3u);
  EXPECT_NEAR(point.p99.count(), 10'000, 1);
}

TEST(OpenLoop, GivesUpWhatStillWaitsOneSloAfterTheEnd) {
  SimulatedClock clock;
  SimulatedSystem system(clock, {.service = Seconds(1)});
  const Point point = open_loop(system, clock, {}, 10, every(Milliseconds(100), 50), Seconds(5), kSlo);
  EXPECT_EQ(point.answered, 6u);  // begun at 0, 1 .. 5 s
  EXPECT_EQ(point.dropped, 44u);
  EXPECT_FALSE(point.held);
}

TEST(OpenLoop, CountsRefusals) {
  SimulatedClock clock;
  SimulatedSystem system(clock, {.service = Seconds(1), .queue = 2});
  const Point point = open_loop(system, clock, {}, 10, every(Milliseconds(1), 10), Seconds(2), kSlo);
  EXPECT_EQ(point.answered, 2u);
  EXPECT_EQ(point.refused, 8u);
}

TEST(ClosedLoop, OfOneRequestGivesTheLoneLatency) {
  SimulatedClock clock;
  SimulatedSystem system(clock, {.servers = 4, .service = kService});
  EXPECT_NEAR(closed_loop(system, clock, {}, 1, Seconds(1))->p50.count(), 10'000, 1);
}

TEST(ClosedLoop, OfManyRequestsGivesTheSaturatedRate) {
  SimulatedClock clock;
  SimulatedSystem system(clock, {.servers = 2, .service = kService});
  EXPECT_NEAR(closed_loop(system, clock, {}, 8, Seconds(1))->served_per_s, 200, 3);
}

TEST(ClosedLoop, GoesOnUntilEnoughAnswersOfASlowSystem) {
  SimulatedClock clock;
  SimulatedSystem system(clock, {.servers = 2, .service = Seconds(10)});
  EXPECT_NEAR(closed_loop(system, clock, {}, 8, Seconds(1))->served_per_s, 0.2, 0.03);
}

TEST(ClosedLoop, FailsWithTheNameOfTheSystem) {
  SimulatedClock clock;
  SimulatedSystem system(clock, {.name = "broken", .service = kService, .answer = Error{ErrorCode::internal, "no luck"}});
  EXPECT_EQ(closed_loop(system, clock, {}, 1, Seconds(1)).error().message, "broken: no luck");
}

}  // namespace
}  // namespace staronnx
