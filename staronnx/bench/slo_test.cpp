#include "staronnx/bench/slo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace staronnx {
namespace {

TEST(ParseSlo, ReadsTimesAndMultiples) {
  EXPECT_EQ(parse_slo("80")->fixed, Milliseconds(80));
  EXPECT_EQ(parse_slo("80ms")->fixed, Milliseconds(80));
  EXPECT_EQ(parse_slo("1.5s")->fixed, Milliseconds(1500));
  EXPECT_EQ(parse_slo("2.5x")->times_lone, 2.5);
  EXPECT_FALSE(parse_slo("2.5x")->fixed);
}

TEST(ParseSlo, RefusesAllElse) {
  for (const char* text : {"", "x", "0", "-1", "0x", "3 x", "80 ms", "80us", "ms", "3xms", "inf", "nanx"})
    EXPECT_THAT(parse_slo(text).error().message, testing::HasSubstr("such as 3x")) << text;
}

}  // namespace
}  // namespace staronnx
