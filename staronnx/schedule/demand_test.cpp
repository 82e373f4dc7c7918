#include "staronnx/schedule/demand.h"

#include <gtest/gtest.h>

#include <random>

namespace staronnx {
namespace {

Clock::time_point at(Microseconds moment) {
  return Clock::time_point(std::chrono::duration_cast<Clock::duration>(moment));
}

// Two cores that together take 100 us a task; tasks come every `gap` on average.
class Source {
 public:
  Source(Microseconds gap, double share_that_waits) : gap_(gap), share_(share_that_waits) {}

  double followers_after(int tasks) {
    std::exponential_distribution<double> gaps(1 / gap_.count());
    std::bernoulli_distribution waits(share_);
    for (int task = 0; task < tasks; ++task) {
      now_ += Microseconds(gaps(random_));
      demand_.arrived(at(now_), Microseconds(100));
      demand_.started(waits(random_), 1, Microseconds(100), stretch_);
    }
    return demand_.followers(at(now_));
  }

  void pause(Microseconds pause) { now_ += pause; }
  void stretch(double stretch) { stretch_ = stretch; }
  void come_every(Microseconds gap) { gap_ = gap; }

  double followers_later(Microseconds later) const { return demand_.followers(at(now_ + later)); }

 private:
  Microseconds gap_, now_{};
  double share_;
  double stretch_ = 1;
  std::mt19937 random_{1};
  Demand demand_;
};

TEST(Demand, NothingFollowsBeforeAnythingIsKnown) {
  EXPECT_EQ(Demand().followers(Clock::time_point{}), 0);
  EXPECT_EQ(Source(Microseconds(200), 1).followers_after(1), 0);
}

TEST(Demand, MoreFollowTheBusierTheMachineIs) {
  EXPECT_NEAR(Source(Microseconds(1'000), 0.5).followers_after(1'000), 1.0 / 9, 0.05);
  EXPECT_NEAR(Source(Microseconds(200), 0.9).followers_after(1'000), 1, 0.3);
  EXPECT_GT(Source(Microseconds(105), 1).followers_after(1'000), 10);
  EXPECT_LE(Source(Microseconds(50), 1).followers_after(1'000), 99.1) << "an overload is not endless";
}

TEST(Demand, ACallerThatWaitsForItsAnswersDelaysNobody) {
  EXPECT_LT(Source(Microseconds(101), 0).followers_after(1'000), 0.1);
}

TEST(Demand, FadesWhenNothingComes) {
  Source source(Microseconds(110), 0.9);
  const double busy = source.followers_after(1'000);
  EXPECT_LT(source.followers_later(Milliseconds(100)), busy / 10);
}

TEST(Demand, CountsWhatTasksReallyTake) {
  Source source(Microseconds(400), 0.9);
  EXPECT_NEAR(source.followers_after(1'000), 1.0 / 3, 0.1);
  source.stretch(2);
  EXPECT_NEAR(source.followers_after(100), 1, 0.3);
}

TEST(Demand, APauseIsNoGap) {
  Source source(Microseconds(200), 0.9);
  source.followers_after(1'000);
  source.pause(Seconds(10));
  EXPECT_NEAR(source.followers_after(1), 1, 0.3);
  EXPECT_NEAR(source.followers_after(50), 1, 0.5);
}

TEST(Demand, NewGapsTellMoreAfterAPause) {
  Source source(Microseconds(1'000), 0.9);
  source.followers_after(1'000);
  source.come_every(Microseconds(200));
  source.pause(Seconds(10));
  EXPECT_GT(source.followers_after(40), 0.3);
}

TEST(Demand, ABurstIsNotFollowedByItsLike) {
  Demand demand;
  Microseconds now{};
  for (int burst = 0; burst < 100; ++burst, now += Seconds(1)) {
    for (int task = 0; task < 50; ++task) {
      demand.arrived(at(now), Microseconds(1'000));
      demand.started(task > 0, 1, Microseconds(1'000), 1);
    }
    EXPECT_LT(demand.followers(at(now + Microseconds(2'000))), 0.1);
  }
  EXPECT_NEAR(demand.utilisation(at(now)), 0.05, 0.02);
}

TEST(Demand, PausesInARowAreGaps) {
  Source source(Microseconds(110), 0.9);
  source.followers_after(1'000);
  source.come_every(Seconds(1));
  EXPECT_LT(source.followers_after(3), 0.1);
}

}  // namespace
}  // namespace staronnx
