#include "staronnx/bench/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "staronnx/bench/simulated_system.h"

namespace staronnx {
namespace {

constexpr Milliseconds kSlo{100};
const Limits kLimits{.slo = kSlo};
constexpr Milliseconds kService{10};

std::vector<Seconds> every(Seconds gap, int count) {
  std::vector<Seconds> arrivals;
  for (int i = 0; i < count; ++i) arrivals.push_back(gap * i);
  return arrivals;
}

Sample answered(Seconds intended, Seconds latency) {
  return {.intended = intended, .sent = intended, .handed = intended, .finished = intended + latency, .failure = std::nullopt};
}

TEST(PointOf, CountsLatencyFromTheIntendedSend) {
  const Sample late{
      .intended = Seconds(1), .sent = Seconds(3), .handed = Seconds(3.5), .finished = Seconds(4), .failure = std::nullopt};
  EXPECT_EQ(point_of(1, Seconds(4), kLimits, {&late, 1}).p50, Seconds(3));
}

TEST(PointOf, SaysWhenTheGeneratorWasLate) {
  std::vector<Sample> samples(200, answered(Seconds(0), kService));
  for (Sample& sample : samples) sample.sent += Milliseconds(0.9);
  EXPECT_FALSE(point_of(1, Seconds(1), kLimits, samples).late_generator);
  for (std::size_t i = 0; i < 2; ++i) samples[i].sent += Milliseconds(5);
  EXPECT_FALSE(point_of(1, Seconds(1), kLimits, samples).late_generator);  // 1 % may be late
  samples[2].sent += Milliseconds(5);
  const Point point = point_of(1, Seconds(1), kLimits, samples);
  EXPECT_TRUE(point.late_generator);
  EXPECT_NEAR(point.lag_p99.count(), 5900, 1e-6);
}

TEST(PointOf, CountsEachOutcomeApart) {
  std::vector<Sample> samples(10, answered(Seconds(0), kService));
  samples[0].failure = ErrorCode::unavailable;
  samples[1].failure = samples[2].failure = ErrorCode::deadline_exceeded;
  samples[3].failure = ErrorCode::internal;
  const Point point = point_of(10, Seconds(1), kLimits, samples);
  EXPECT_EQ(point.answered, 6u);
  EXPECT_EQ(point.refused, 1u);
  EXPECT_EQ(point.dropped, 2u);
  EXPECT_EQ(point.failed, 1u);
  EXPECT_FALSE(point.held);
  EXPECT_DOUBLE_EQ(point.served_per_s, 6);
}

TEST(PointOf, CountsLateResultsApartFromGoodOnes) {
  std::vector<Sample> samples(10, answered(Seconds(0), kService));
  samples[0].finished = samples[1].finished = Seconds(0.2);
  samples[2].failure = ErrorCode::unavailable;
  const Point by_slo = point_of(10, Seconds(1), kLimits, samples);
  EXPECT_EQ(by_slo.late, 2u);
  EXPECT_DOUBLE_EQ(by_slo.served_per_s, 9);
  EXPECT_DOUBLE_EQ(by_slo.good_per_s, 7);
  EXPECT_EQ(point_of(10, Seconds(1), {.slo = kSlo, .deadline = Milliseconds(5)}, samples).late, 9u);
}

TEST(PointOf, HoldsByTheChosenPercentile) {
  std::vector<Sample> samples(100, answered(Seconds(0), kService));
  for (std::size_t i = 0; i < 8; ++i) samples[i].finished = Seconds(1);
  EXPECT_FALSE(point_of(100, Seconds(1), kLimits, samples).held);
  const Point point = point_of(100, Seconds(1), {.slo = kSlo, .percentile = 90}, samples);
  EXPECT_TRUE(point.held);
  EXPECT_EQ(point.tail, point.p90);
}

TEST(PointOf, SaysHowLongSendingTook) {
  Sample sample = answered(Seconds(1), kService);
  sample.sent = Seconds(1.25);
  sample.handed = Seconds(1.5);
  const Point point = point_of(1, Seconds(2), kLimits, {&sample, 1});
  EXPECT_EQ(point.mean_send, Seconds(0.5));
  EXPECT_EQ(point.lag_p99, Seconds(0.25));
}

TEST(PointOf, HoldsWhenP99IsWithinTheSlo) {
  std::vector<Sample> samples(200, answered(Seconds(0), kSlo));
  samples[0].finished = samples[1].finished = Seconds(1);
  EXPECT_TRUE(point_of(200, Seconds(1), kLimits, samples).held);
  samples[2].finished = Seconds(1);
  EXPECT_FALSE(point_of(200, Seconds(1), kLimits, samples).held);
}

TEST(PointOf, DoesNotHoldWithAGrowingBacklog) {
  std::vector<Sample> samples;
  for (int i = 0; i < 100; ++i) samples.push_back(answered(Seconds(0.01 * i), Milliseconds(0.9 * i)));
  const Point point = point_of(100, Seconds(1), kLimits, samples);
  EXPECT_LE(point.p99, kSlo);
  EXPECT_TRUE(point.backlog_grows);
  EXPECT_FALSE(point.held);
}

TEST(PointOf, WithoutAnyAnswerHasNoLatency) {
  Sample refused = answered(Seconds(0), kService);
  refused.failure = ErrorCode::unavailable;
  const Point point = point_of(1, Seconds(1), kLimits, {&refused, 1});
  EXPECT_EQ(point.answered, 0u);
  EXPECT_EQ(point.served_per_s, 0);
  EXPECT_FALSE(point.held);
}

TEST(OpenLoop, SendsWhateverTheSystemDoes) {
  SimulatedClock clock;
  SimulatedSystem system(clock, {.service = kService});
  // Requests every 5 ms, answered in 10 ms each: the i-th waits 5 i ms more.
  const Point point = open_loop(system, clock, 200, every(Milliseconds(5), 10), Milliseconds(50), kLimits).point;
  EXPECT_EQ(point.answered, 10u);
  EXPECT_NEAR(point.p50.count(), 10'000 + 4 * 5'000, 1);
  EXPECT_NEAR(point.p99.count(), 10'000 + 9 * 5'000, 1);
  EXPECT_NEAR(point.served_per_s, 100, 0.1);
  EXPECT_FALSE(point.late_generator);
}

TEST(OpenLoop, DoesNotCountTheRequestThatWakes) {
  SimulatedClock clock;
  SimulatedSystem system(clock, {.service = kService});
  const Point point = open_loop(system, clock, 10, every(Seconds(1), 3), Seconds(3), kLimits).point;
  EXPECT_EQ(system.requests(), 4u);
  EXPECT_EQ(point.answered, 3u);
  EXPECT_NEAR(point.p99.count(), 10'000, 1);
}

TEST(OpenLoop, SaysHowBusyTheMachineWas) {
  SimulatedClock clock;
  SimulatedSystem system(clock, {.servers = 2, .service = kService, .counts = true});
  const Point point = open_loop(system, clock, 10, every(Milliseconds(100), 10), Seconds(1), kLimits).point;
  ASSERT_EQ(point.busy.size(), 1u);
  EXPECT_EQ(point.busy[0].name, "servers");
  EXPECT_NEAR(point.busy[0].share, 100 / 910. / 2, 1e-6) << "10 ms each, the last at 900 ms";
}

TEST(OpenLoop, GivesUpWhatStillWaitsOneSloAfterTheEnd) {
  SimulatedClock clock;
  SimulatedSystem system(clock, {.service = Seconds(1)});
  const Point point = open_loop(system, clock, 10, every(Milliseconds(100), 50), Seconds(5), kLimits).point;
  EXPECT_EQ(point.answered, 6u);  // begun at 0, 1 .. 5 s
  EXPECT_EQ(point.dropped, 44u);
  EXPECT_FALSE(point.held);
}

TEST(OpenLoop, CountsRefusals) {
  SimulatedClock clock;
  SimulatedSystem system(clock, {.service = Seconds(1), .queue = 2});
  const Point point = open_loop(system, clock, 10, every(Milliseconds(1), 10), Seconds(2), kLimits).point;
  EXPECT_EQ(point.answered, 2u);
  EXPECT_EQ(point.refused, 8u);
}

TEST(OpenLoop, GivesEachRequestItsDeadline) {
  SimulatedClock clock;
  SimulatedSystem system(clock, {.service = kService});
  // Every 5 ms, 10 ms each: the i-th begins 5 i ms late, so those after the third are given up, which lets others in time.
  const Window window =
      open_loop(system, clock, 200, every(Milliseconds(5), 4), Milliseconds(20), {.slo = kSlo, .deadline = Milliseconds(12)});
  EXPECT_EQ(window.point.answered, 3u);
  EXPECT_EQ(window.point.dropped, 1u);
  EXPECT_EQ(window.point.late, 2u);  // after 15 and 20 ms
  EXPECT_EQ(window.samples[3].failure, ErrorCode::deadline_exceeded);
  EXPECT_EQ(window.point.first_error, "late");
}

TEST(OpenLoop, TellsWhatTheServerCounted) {
  SimulatedClock clock;
  SimulatedSystem system(clock, {.service = kService, .counts = true});
  const Point point = open_loop(system, clock, 10, every(Milliseconds(5), 3), Milliseconds(15), kLimits).point;
  ASSERT_TRUE(point.server);
  EXPECT_EQ(point.server->requests, 3u);               // not the one that wakes
  EXPECT_NEAR(point.server->queue.count(), 5'000, 1);  // 0, 5 and 10 ms
  EXPECT_NEAR(point.server->compute_infer.count(), 10'000, 1);
  SimulatedSystem silent(clock, {.service = kService});
  EXPECT_FALSE(open_loop(silent, clock, 10, every(Milliseconds(5), 3), Milliseconds(15), kLimits).point.server);
}

TEST(ClosedLoop, OfOneRequestGivesTheLoneLatency) {
  SimulatedClock clock;
  SimulatedSystem system(clock, {.servers = 4, .service = kService});
  EXPECT_NEAR(closed_loop(system, clock, 1, Seconds(1), kLimits).point.p50.count(), 10'000, 1);
}

TEST(ClosedLoop, OfManyRequestsGivesTheSaturatedRate) {
  SimulatedClock clock;
  SimulatedSystem system(clock, {.servers = 2, .service = kService});
  const Point point = closed_loop(system, clock, 8, Seconds(1), kLimits).point;
  EXPECT_NEAR(point.served_per_s, 200, 3);
  EXPECT_NEAR(point.p50.count(), 40'000, 1);  // four rounds of the two servers
  EXPECT_EQ(point.in_flight, 8);
  EXPECT_EQ(point.rate_per_s, point.served_per_s);
  EXPECT_TRUE(point.held);
}

TEST(ClosedLoop, GoesOnUntilEnoughAnswersOfASlowSystem) {
  SimulatedClock clock;
  SimulatedSystem system(clock, {.servers = 2, .service = Seconds(10)});
  EXPECT_NEAR(closed_loop(system, clock, 8, Seconds(1), kLimits).point.served_per_s, 0.2, 0.03);
}

TEST(ClosedLoop, GoesOnAfterRefusalsAndFailures) {
  SimulatedClock clock;
  SimulatedSystem refusing(clock, {.service = kService, .queue = 2});
  const Point half = closed_loop(refusing, clock, 4, Seconds(1), kLimits).point;
  EXPECT_NEAR(half.served_per_s, 100, 3);
  EXPECT_GT(half.refused, 100u);
  EXPECT_EQ(half.answered + half.refused, half.sent);
  EXPECT_FALSE(half.held);
  SimulatedSystem broken(clock, {.service = kService, .answer = Error{ErrorCode::internal, "no luck"}});
  const Point none = closed_loop(broken, clock, 1, Seconds(1), kLimits).point;
  EXPECT_EQ(none.failed, none.sent);
  EXPECT_EQ(none.served_per_s, 0);
  EXPECT_EQ(none.first_error, "no luck");
}

TEST(ClosedLoop, GivesEachRequestItsDeadline) {
  SimulatedClock clock;
  SimulatedSystem system(clock, {.service = kService});
  const Point point = closed_loop(system, clock, 4, Seconds(1), {.slo = kSlo, .deadline = Milliseconds(15)}).point;
  EXPECT_GT(point.dropped, 0u);
  EXPECT_GT(point.late, 0u);  // begun before the deadline, answered after it
}

}  // namespace
}  // namespace staronnx
