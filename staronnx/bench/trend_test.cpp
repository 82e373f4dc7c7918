#include "staronnx/bench/trend.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "staronnx/bench/arrivals.h"

namespace staronnx {
namespace {

constexpr Microseconds kLeast{100};

// Latencies of a queue with one server and constant service time, from Poisson arrivals at `load` times its rate.
std::vector<Microseconds> queue_latencies(double load, std::size_t requests, unsigned seed) {
  const Microseconds service(100);
  const double rate = load / Seconds(service).count();
  std::vector<Microseconds> latencies;
  Microseconds free_at{};
  for (const Seconds arrival : arrivals_of(PoissonArrivals(), rate, Seconds(static_cast<double>(requests) / rate), seed)) {
    free_at = std::max<Microseconds>(free_at, arrival) + service;
    latencies.push_back(free_at - arrival);
  }
  return latencies;
}

int seeds_that_grow(double load, std::size_t requests) {
  int growing = 0;
  for (unsigned seed = 0; seed < 100; ++seed) growing += backlog_grows(queue_latencies(load, requests, seed), kLeast) ? 1 : 0;
  return growing;
}

TEST(BacklogGrows, IsSeenAboveTheRateOfTheSystem) {
  EXPECT_GE(seeds_that_grow(1.5, 60), 90);
  EXPECT_GE(seeds_that_grow(1.2, 400), 95);
}

TEST(BacklogGrows, IsNotSeenBelowTheRateOfTheSystem) {
  EXPECT_LE(seeds_that_grow(0.5, 60), 5);
  EXPECT_LE(seeds_that_grow(0.8, 400), 5);
}

TEST(BacklogGrows, NeedsARiseThatMatters) {
  std::vector<Microseconds> rising;
  for (int i = 0; i < 60; ++i) rising.emplace_back(1000 + i);
  EXPECT_FALSE(backlog_grows(rising, kLeast));
  EXPECT_TRUE(backlog_grows(rising, Microseconds(1)));
}

TEST(BacklogGrows, LeavesOutTheFilling) {
  std::vector<Microseconds> filling(60, Microseconds(1000));
  for (std::size_t i = 0; i < 15; ++i) filling[i] = Microseconds(static_cast<double>(i));
  EXPECT_FALSE(backlog_grows(filling, kLeast));
}

TEST(BacklogGrows, SaysNothingAboutFewLatencies) {
  std::vector<Microseconds> rising;
  for (int i = 0; i < 23; ++i) rising.emplace_back(1000 * i);
  EXPECT_FALSE(backlog_grows(rising, kLeast));
  EXPECT_FALSE(backlog_grows({}, kLeast));
}

}  // namespace
}  // namespace staronnx
