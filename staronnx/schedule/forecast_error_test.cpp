#include "staronnx/schedule/forecast_error.h"

#include <gtest/gtest.h>

namespace staronnx {
namespace {

constexpr Microseconds kForecast{100};

TEST(ForecastError, IsLearntFromAnswers) {
  ForecastError error;
  EXPECT_EQ(error.corrected(kForecast), kForecast);
  for (int answer = 0; answer < 100; ++answer) error.answered(kForecast, Microseconds(150));
  EXPECT_NEAR(error.corrected(kForecast).count(), 150, 1);
  for (int answer = 0; answer < 100; ++answer) error.answered(kForecast, Microseconds(120));
  EXPECT_NEAR(error.corrected(kForecast).count(), 120, 1);
}

TEST(ForecastError, OneAnswerDecidesLittle) {
  ForecastError error;
  error.answered(kForecast, Seconds(1));
  EXPECT_LT(error.corrected(kForecast), Microseconds(115));
}

TEST(ForecastError, WhoIsSoonerThanForecastIsNotPromisedMore) {
  ForecastError error;
  for (int answer = 0; answer < 100; ++answer) error.answered(kForecast, Microseconds(20));
  EXPECT_EQ(error.corrected(kForecast), kForecast);
}

}  // namespace
}  // namespace staronnx
