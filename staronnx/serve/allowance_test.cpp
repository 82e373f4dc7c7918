#include "staronnx/serve/allowance.h"

#include <gtest/gtest.h>

#include <thread>
#include <utility>
#include <vector>

namespace staronnx {
namespace {

TEST(Allowance, GivesWhatThereIsAndTakesItBack) {
  Allowance bytes(100);
  Allowance::Share first(bytes), second(bytes);
  EXPECT_TRUE(first.grow(60));
  EXPECT_FALSE(second.grow(41));
  EXPECT_TRUE(second.grow(40));
  EXPECT_FALSE(first.grow(1));
  EXPECT_EQ(bytes.taken(), 100u);
  EXPECT_EQ(bytes.refused(), 2u);
  first = Allowance::Share();
  EXPECT_EQ(bytes.taken(), 40u);
}

TEST(Allowance, AShareThatIsHandedOnIsGivenBackOnce) {
  Allowance bytes(100);
  Allowance::Share first(bytes);
  EXPECT_TRUE(first.grow(60));
  {
    const Allowance::Share second = std::move(first);
    EXPECT_EQ(bytes.taken(), 60u);
  }
  EXPECT_EQ(bytes.taken(), 0u);
}

TEST(Allowance, WhoIsAloneGetsMoreThanThereIs) {
  Allowance bytes(100);
  Allowance::Share large(bytes), small(bytes);
  EXPECT_TRUE(large.grow(150));
  EXPECT_TRUE(large.grow(~std::uint64_t{0} - 150));
  EXPECT_FALSE(small.grow(1));
  EXPECT_TRUE(small.grow(0));
  large = Allowance::Share();
  EXPECT_TRUE(small.grow(1));
  EXPECT_FALSE(Allowance::Share(bytes).grow(150));
}

TEST(Allowance, IsNeverExceededByMany) {
  Allowance bytes(100);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 10'000; ++round) {
        Allowance::Share share(bytes);
        if (share.grow(40)) {
          EXPECT_LE(bytes.taken(), 100u);
        }
      }
    });
  }
  threads.clear();
  EXPECT_EQ(bytes.taken(), 0u);
}

TEST(Allowance, RestsWhenNothingIsTakenAfterMuchWas) {
  int rests = 0;
  Allowance bytes(100, 50, [&] { ++rests; });
  Allowance::Share one(bytes), other(bytes);
  EXPECT_TRUE(one.grow(50));
  one = Allowance::Share();
  EXPECT_EQ(rests, 0) << "it was not much";
  EXPECT_TRUE(one.grow(0)) << "a share of nothing";
  one = Allowance::Share(bytes);
  EXPECT_TRUE(one.grow(30) && other.grow(30));
  one = Allowance::Share();
  EXPECT_EQ(rests, 0) << "some is still taken";
  other = Allowance::Share(bytes);
  EXPECT_EQ(rests, 1);
  EXPECT_TRUE(other.grow(10));
  other = Allowance::Share();
  EXPECT_EQ(rests, 1) << "it was much before the last time";
}

}  // namespace
}  // namespace staronnx
