#include <gmock/gmock.h>

#include "staronnx/partition/partition.h"

namespace staronnx {
namespace {

TEST(Shares, AreReadFromText) {
  const Result<Shares> shares = parse_shares("0.6,0.3,0.1");
  ASSERT_TRUE(shares);
  EXPECT_THAT(shares->of_work, testing::ElementsAre(0.6, 0.3, 0.1));
}

TEST(Shares, EvenOnesAddUpToOne) {
  EXPECT_THAT(Shares::even(4).of_work, testing::ElementsAre(0.25, 0.25, 0.25, 0.25));
}

TEST(Shares, TextThatIsNoListOfNumbersIsRefused) {
  for (const char* text :
       {"", ",", "0.5,", ",0.5", "0.5,,0.5", "a half", "0.5;0.5", "0.5,0.5x", "nan,0.5", "inf", "1e999", "0x1,0.5"}) {
    const Result<Shares> shares = parse_shares(text);
    ASSERT_FALSE(shares) << text;
    EXPECT_EQ(shares.error().code, ErrorCode::invalid_argument);
  }
}

TEST(Shares, TheRefusalShowsTheBadPart) {
  EXPECT_THAT(parse_shares("0.7,0.x3").error().message, testing::HasSubstr("\"0.x3\" in the shares is not a number"));
}

}  // namespace
}  // namespace staronnx
