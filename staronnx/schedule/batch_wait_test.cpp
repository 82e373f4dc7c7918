#include "staronnx/schedule/batch_wait.h"

#include <gtest/gtest.h>

namespace staronnx {
namespace {

const Clock::time_point came = Clock::time_point(std::chrono::hours(1));

Clock::time_point after_ms(int ms) {
  return Deadline::after(Milliseconds(ms), came).at;
}

TEST(BatchWait, IsOffWhereNothingIsGained) {
  EXPECT_FALSE(BatchWait({}, {4}, 8).on());
  EXPECT_FALSE(BatchWait(Milliseconds(10), {4}, 1).on());
  EXPECT_TRUE(BatchWait(Milliseconds(10), {}, 2).on());
}

TEST(BatchWait, EndsWithAPreferredBatchOrTheOldestsTime) {
  const BatchWait wait(Milliseconds(10), {8, 4}, 16);
  EXPECT_EQ(wait.start(3, came, Deadline::never()), after_ms(10));
  EXPECT_LT(wait.start(4, came, Deadline::never()), came);
  EXPECT_EQ(wait.batch(3), 3u);
  EXPECT_EQ(wait.batch(7), 4u);
  EXPECT_EQ(wait.batch(9), 8u);
}

TEST(BatchWait, EndsWithTheLargestBatchWhereNoneIsPreferredOrTheyAreTooLarge) {
  for (const BatchWait& wait : {BatchWait(Milliseconds(10), {}, 4), BatchWait(Milliseconds(10), {32, 64}, 4)}) {
    EXPECT_EQ(wait.start(3, came, Deadline::never()), after_ms(10));
    EXPECT_LT(wait.start(4, came, Deadline::never()), came);
    EXPECT_EQ(wait.batch(100), 4u);
  }
}

// It leaves as much time to compute as it takes itself.
TEST(BatchWait, EndsBeforeADeadline) {
  const BatchWait wait(Milliseconds(10), {}, 4);
  EXPECT_EQ(wait.start(1, came, Deadline{after_ms(100)}), after_ms(10));
  EXPECT_EQ(wait.start(1, came, Deadline{after_ms(15)}), after_ms(5));
  EXPECT_LT(wait.start(1, came, Deadline{after_ms(5)}), came);
}

}  // namespace
}  // namespace staronnx
