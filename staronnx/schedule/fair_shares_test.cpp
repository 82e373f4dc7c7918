#include "staronnx/schedule/fair_shares.h"

#include <gmock/gmock.h>

namespace staronnx {
namespace {

using ::testing::ElementsAre;

Claim claim(std::size_t pipeline, double share = 1, Microseconds time = Microseconds(100)) {
  return {pipeline, share, time};
}

TEST(FairShares, TasksOfOnePipelineKeepTheirOrder) {
  const Claim claims[] = {claim(1), claim(1), claim(1)};
  EXPECT_THAT(FairShares().order(claims), ElementsAre(0, 1, 2));
}

TEST(FairShares, PipelinesTakeTurns) {
  const Claim claims[] = {claim(1), claim(1), claim(1), claim(2), claim(2)};
  EXPECT_THAT(FairShares().order(claims), ElementsAre(0, 3, 1, 4, 2));
}

TEST(FairShares, ALargerShareIsServedMoreOften) {
  const Claim claims[] = {claim(1), claim(1), claim(2, 2), claim(2, 2), claim(2, 2)};
  EXPECT_THAT(FairShares().order(claims), ElementsAre(0, 2, 3, 1, 4));
}

TEST(FairShares, LongTasksCountForMore) {
  const Claim claims[] = {claim(1, 1, Microseconds(1'000)), claim(1, 1, Microseconds(1'000)), claim(2), claim(2), claim(2)};
  EXPECT_THAT(FairShares().order(claims), ElementsAre(0, 2, 3, 4, 1));
}

TEST(FairShares, OneThatComesBackIsNotPaidForItsAbsence) {
  FairShares shares;
  for (int task = 0; task < 100; ++task) shares.started(claim(1));
  const Claim claims[] = {claim(1), claim(1), claim(2), claim(2), claim(2)};
  EXPECT_THAT(shares.order(claims), ElementsAre(2, 0, 3, 1, 4)) << "first, since the other had the last turn; then by turns";
}

TEST(FairShares, AnOverloadedOneWaitsForOthers) {
  FairShares shares;
  int of_the_rare_one = 0;
  for (int round = 0; round < 100; ++round) {  // one has always three waiting, the other now and then one
    std::vector<Claim> claims{claim(1), claim(1), claim(1)};
    if (round % 4 == 3) claims.push_back(claim(2));
    const std::size_t first = shares.order(claims).front();
    shares.started(claims[first]);
    if (claims[first].pipeline == 2) ++of_the_rare_one;
  }
  EXPECT_EQ(of_the_rare_one, 25);
}

}  // namespace
}  // namespace staronnx
