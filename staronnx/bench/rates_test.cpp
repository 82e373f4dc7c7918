#include "staronnx/bench/rates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace staronnx {
namespace {

using testing::AllOf;
using testing::DoubleNear;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(ParseRange, GoesFromFirstToLastByStep) {
  EXPECT_THAT(*parse_range("--rates", "5:20:5"), ElementsAre(5, 10, 15, 20));
  EXPECT_THAT(*parse_range("--rates", "5:19:5"), ElementsAre(5, 10, 15));
  EXPECT_THAT(*parse_range("--rates", "7:7:1"), ElementsAre(7));
  EXPECT_THAT(*parse_range("--rates", "0.1:0.3:0.1"),
              ElementsAre(DoubleNear(0.1, 1e-9), DoubleNear(0.2, 1e-9), DoubleNear(0.3, 1e-9)));
}

TEST(ParseRange, StepsByOneUnlessToldOtherwiseAndEndsWhereItBegins) {
  EXPECT_THAT(*parse_range("--rates", "5:7"), ElementsAre(5, 6, 7));
  EXPECT_THAT(*parse_range("--rates", "12.5"), ElementsAre(12.5));
}

TEST(ParseRange, RefusesWithTheOptionAndTheReason) {
  EXPECT_THAT(parse_range("--rates", "").error().message, AllOf(HasSubstr("--rates ''"), HasSubstr("FIRST:LAST:STEP")));
  for (const char* text : {"five", "5:", "5:10:1:1", "5:10:1x", "5:inf:1"})
    EXPECT_THAT(parse_range("--rates", text).error().message, HasSubstr("not one to three numbers")) << text;
  EXPECT_THAT(parse_range("--rates", "0:10:1").error().message, HasSubstr("greater than 0"));
  EXPECT_THAT(parse_range("--rates", "1:10:0").error().message, HasSubstr("greater than 0"));
  EXPECT_THAT(parse_range("--rates", "10:5:1").error().message, HasSubstr("below the first"));
  EXPECT_THAT(parse_range("--rates", "1:1001:1").error().message, HasSubstr("more than 1000"));
}

TEST(RoundedRate, HasThreeDigits) {
  EXPECT_DOUBLE_EQ(rounded_rate(21.34), 21.3);
  EXPECT_DOUBLE_EQ(rounded_rate(0.012345), 0.0123);
  EXPECT_DOUBLE_EQ(rounded_rate(12345), 12300);
  EXPECT_EQ(rounded_rate(rounded_rate(21.34)), rounded_rate(21.34));
}

}  // namespace
}  // namespace staronnx
