#include "staronnx/bench/rates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace staronnx {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(ParseRates, GoesFromFirstToLastByStep) {
  EXPECT_THAT(*parse_rates("5:20:5"), ElementsAre(5, 10, 15, 20));
  EXPECT_THAT(*parse_rates("5:19:5"), ElementsAre(5, 10, 15));
  EXPECT_THAT(*parse_rates("7:7:1"), ElementsAre(7));
  EXPECT_THAT(*parse_rates("0.1:0.3:0.1"), ElementsAre(DoubleNear(0.1, 1e-9), DoubleNear(0.2, 1e-9), DoubleNear(0.3, 1e-9)));
}

TEST(ParseRates, AutoLeavesTheChoiceToTheComparison) {
  EXPECT_THAT(*parse_rates("auto"), IsEmpty());
}

TEST(ParseRates, RefusesWithTheReason) {
  EXPECT_THAT(parse_rates("").error().message, HasSubstr("first:last:step"));
  EXPECT_THAT(parse_rates("5").error().message, HasSubstr("not three numbers"));
  EXPECT_THAT(parse_rates("5:10").error().message, HasSubstr("not three numbers"));
  EXPECT_THAT(parse_rates("5:10:1:1").error().message, HasSubstr("not three numbers"));
  EXPECT_THAT(parse_rates("5:10:1x").error().message, HasSubstr("not three numbers"));
  EXPECT_THAT(parse_rates("5:inf:1").error().message, HasSubstr("not three numbers"));
  EXPECT_THAT(parse_rates("0:10:1").error().message, HasSubstr("greater than 0"));
  EXPECT_THAT(parse_rates("1:10:0").error().message, HasSubstr("greater than 0"));
  EXPECT_THAT(parse_rates("10:5:1").error().message, HasSubstr("below the first"));
  EXPECT_THAT(parse_rates("1:1000:1").error().message, HasSubstr("more than 100"));
}

TEST(RoundedRate, HasThreeDigits) {
  EXPECT_DOUBLE_EQ(rounded_rate(21.34), 21.3);
  EXPECT_DOUBLE_EQ(rounded_rate(0.012345), 0.0123);
  EXPECT_DOUBLE_EQ(rounded_rate(12345), 12300);
  EXPECT_EQ(rounded_rate(rounded_rate(21.34)), rounded_rate(21.34));
}

}  // namespace
}  // namespace staronnx
