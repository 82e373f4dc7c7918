#include "staronnx/schedule/at_work.h"

#include <gtest/gtest.h>

namespace staronnx {
namespace {

constexpr Microseconds kRun{100}, kIdle{0};

Clock::time_point at(double microseconds) {
  return Deadline::after(Microseconds(microseconds), Clock::time_point{}).at;
}

// A GPU with two workers, and a core.
class AtWorkTest : public testing::Test {
 protected:
  AtWorkTest() : places_(3) {
    for (std::size_t worker = 0; worker < places_.size(); ++worker) places_[worker].workers = {worker};
    places_[0].beside = {1}, places_[1].beside = {0};
  }

  std::vector<Place> places_;
  AtWork at_work_{3};
};

TEST_F(AtWorkTest, WorkersOfOneGpuTakeTurns) {
  at_work_.start(places_[0], at(0), kRun);
  at_work_.start(places_[1], at(10), kRun);
  at_work_.start(places_[2], at(10), kRun);
  EXPECT_EQ(at_work_.left(0, at(20)), Microseconds(80));
  EXPECT_EQ(at_work_.left(1, at(20)), Microseconds(180));
  EXPECT_EQ(at_work_.left(2, at(20)), Microseconds(90));
  EXPECT_TRUE(at_work_.awaits_turn(1));
  EXPECT_FALSE(at_work_.awaits_turn(0));
  EXPECT_FALSE(at_work_.awaits_turn(2));
}

// Runs that each take a bit less, or more, than expected: after a thousand the expectation is as good as after one.
TEST_F(AtWorkTest, WhatIsExpectedDoesNotDriftWhileAGpuIsNeverIdle) {
  for (const double took : {90., 110.}) {
    at_work_ = AtWork(3);
    double now = 0;
    at_work_.start(places_[0], at(now), kRun);
    for (std::size_t run = 0; run < 1000; ++run) {
      at_work_.start(places_[(run + 1) % 2], at(now + 1), kRun);
      now += took;
      at_work_.finish(places_[run % 2], at(now));
      EXPECT_NEAR(at_work_.left((run + 1) % 2, at(now)).count(), kRun.count(), 0.1) << run;
      EXPECT_EQ(at_work_.left(run % 2, at(now)), kIdle);
    }
  }
}

TEST_F(AtWorkTest, WhatIsOverdueHoldsUpTheNext) {
  at_work_.start(places_[0], at(0), kRun);
  at_work_.start(places_[1], at(0), kRun);
  EXPECT_EQ(at_work_.left(0, at(150)), 0.05 * kRun);
  EXPECT_EQ(at_work_.left(1, at(150)), 1.05 * kRun);
}

TEST_F(AtWorkTest, TheNextHasItsTurnWhenABatchIsComputedThoughItsWorkerIsStillBusy) {
  at_work_.start(places_[0], at(0), kRun);
  at_work_.start(places_[1], at(0), kRun);
  at_work_.computed(places_[0], at(90));
  EXPECT_FALSE(at_work_.awaits_turn(1));
  EXPECT_EQ(at_work_.left(1, at(95)), Microseconds(95));
  EXPECT_GT(at_work_.left(0, at(95)), kIdle);
  at_work_.computed(places_[0], at(99));
  at_work_.finish(places_[0], at(99));
  EXPECT_EQ(at_work_.left(1, at(99)), Microseconds(91)) << "the first call counts";
  EXPECT_EQ(at_work_.left(0, at(99)), kIdle);
}

}  // namespace
}  // namespace staronnx
