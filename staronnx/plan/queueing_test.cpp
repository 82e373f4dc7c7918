#include "staronnx/plan/queueing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <queue>
#include <random>
#include <vector>

namespace staronnx {
namespace {

// The quantile of many simulated waiting times.
Microseconds simulated(const EqualServers& servers, double rate_per_s, double quantile) {
  std::mt19937_64 random(1);
  std::exponential_distribution<double> gap(rate_per_s);
  std::priority_queue<double, std::vector<double>, std::greater<>> free(std::greater<>(),
                                                                        std::vector<double>(servers.count, 0.0));
  std::vector<double> waits;
  double now = 0;
  for (int i = 0; i < 400'000; ++i) {
    now += gap(random);
    const double begin = std::max(now, free.top());
    free.pop();
    free.push(begin + Seconds(servers.service).count());
    waits.push_back(begin - now);
  }
  std::sort(waits.begin(), waits.end());
  return Seconds(waits[static_cast<std::size_t>(quantile * static_cast<double>(waits.size()))]);
}

TEST(WaitingTime, AgreesWithSimulation) {
  for (const int count : {1, 2, 4, 8}) {
    const EqualServers servers{count, Microseconds(10'000)};
    for (const double utilisation : {0.5, 0.7, 0.9}) {
      const double rate = utilisation * servers.saturated_per_s();
      for (const double quantile : {0.5, 0.99}) {
        const Microseconds expected = servers.service + simulated(servers, rate, quantile);
        const double ratio = (servers.service + waiting_time(servers, rate, quantile)) / expected;
        EXPECT_NEAR(ratio, 1, quantile == 0.5 ? 0.25 : 0.08)
            << count << " servers, utilisation " << utilisation << ", quantile " << quantile;
      }
    }
  }
}

TEST(WaitingTime, NobodyWaitsWithoutArrivalsAndAllForEverBeyondTheSaturatedRate) {
  const EqualServers servers{2, Microseconds(1'000)};
  EXPECT_EQ(waiting_time(servers, 0, 0.99), Microseconds(0));
  EXPECT_TRUE(std::isinf(waiting_time(servers, 2'000, 0.5).count()));
  EXPECT_EQ(servers.saturated_per_s(), 2'000);
}

TEST(CongestionThreshold, IsTheRateWhoseWaitUsesUpTheLimit) {
  const EqualServers servers{2, Microseconds(1'000)};
  const double rate = congestion_threshold(servers, Microseconds(1'000), Microseconds(5'000));
  EXPECT_NEAR(waiting_time(servers, rate, 0.99).count(), 4'000, 1);
  EXPECT_EQ(congestion_threshold(servers, Microseconds(1'000), Microseconds(900)), 0);
}

}  // namespace
}  // namespace staronnx
