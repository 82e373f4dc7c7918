#include "staronnx/schedule/tenants.h"

#include <gtest/gtest.h>

namespace staronnx {
namespace {

// A pipeline whose tasks take 100 us of the machine, and come every `gap`, all having to wait, for a second.
void load(Tenants& tenants, std::size_t pipeline, Microseconds gap, double share = 1) {
  for (Microseconds moment = gap; moment < Seconds(1); moment += gap) {
    const Clock::time_point now(std::chrono::duration_cast<Clock::duration>(moment));
    tenants.arrived(pipeline, share, now, Microseconds(100));
    tenants.started(pipeline, true, 1, Microseconds(100), 1);
  }
}

constexpr Clock::time_point kNow = Clock::time_point(std::chrono::seconds(1));
constexpr Clock::time_point kLater = Clock::time_point(std::chrono::seconds(4));

TEST(Tenants, OneAloneMayFillTheMachine) {
  Tenants tenants;
  load(tenants, 1, Microseconds(50));
  EXPECT_FALSE(tenants.shared(kNow));
  EXPECT_GT(tenants.followers(1, kNow), 50);
  EXPECT_EQ(tenants.followers(2, kNow), 0) << "nothing is known of it";
}

TEST(Tenants, AnOverloadCountsUpToItsShare) {
  Tenants tenants;
  load(tenants, 1, Microseconds(30));
  load(tenants, 2, Microseconds(1'000));
  EXPECT_TRUE(tenants.shared(kNow));
  EXPECT_NEAR(tenants.followers(2, kNow), 0.6 / 0.4, 0.05);  // half the machine, and its own tenth
  EXPECT_NEAR(tenants.followers(1, kNow), 0.6 / 0.4, 0.05);
}

TEST(Tenants, TogetherTheyMayFillTheMachine) {
  Tenants tenants;
  load(tenants, 1, Microseconds(150));
  load(tenants, 2, Microseconds(150));
  EXPECT_GT(tenants.followers(1, kNow), 50);
}

TEST(Tenants, ALargerShareCountsForMore) {
  Tenants tenants;
  load(tenants, 1, Microseconds(30), 3);
  load(tenants, 2, Microseconds(1'000));
  EXPECT_NEAR(tenants.followers(2, kNow), 0.85 / 0.15, 0.2);
}

TEST(Tenants, WhoAsksForMoreThanItsShareIsKnown) {
  Tenants tenants;
  load(tenants, 1, Microseconds(150));
  EXPECT_FALSE(tenants.beyond_share(1, kNow)) << "alone, it has all of the machine";
  load(tenants, 2, Microseconds(1'000));
  EXPECT_TRUE(tenants.beyond_share(1, kNow)) << "two thirds of the machine, of which its share is a half";
  EXPECT_FALSE(tenants.beyond_share(2, kNow));
  EXPECT_FALSE(tenants.beyond_share(3, kNow));
}

TEST(Tenants, WhoAsksForMoreThanItsShareWaitsAnyhow) {
  Tenants tenants;
  load(tenants, 1, Microseconds(150));
  load(tenants, 2, Microseconds(1'000));
  EXPECT_EQ(tenants.others_per_us(2, kNow), 0);
  EXPECT_GT(tenants.others_per_us(1, kNow), 0);
}

TEST(Tenants, OneWithoutTasksIsSoonNotAtWork) {
  Tenants tenants;
  load(tenants, 1, Microseconds(30));
  load(tenants, 2, Microseconds(1'000));
  tenants.arrived(1, 1, kLater, Microseconds(100));
  EXPECT_FALSE(tenants.shared(kLater));
  EXPECT_FALSE(tenants.shared(kLater + std::chrono::seconds(10)));
}

}  // namespace
}  // namespace staronnx
