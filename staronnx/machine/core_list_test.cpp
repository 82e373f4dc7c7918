#include "staronnx/machine/core_list.h"

#include <gtest/gtest.h>

namespace staronnx {
namespace {

TEST(CoreList, WritesRunsAsRanges) {
  EXPECT_EQ(core_list(std::vector{0, 1, 2, 5, 8, 9}), "0-2,5,8-9");
  EXPECT_EQ(core_list(std::vector{3}), "3");
}

TEST(CoreList, ReadsWhatItWrites) {
  for (const char* text : {"0", "0-7", "0-7,16-23", "8191"}) {
    Result<std::vector<int>> cores = parse_core_list(text);
    ASSERT_TRUE(cores.ok()) << cores.error().message;
    EXPECT_EQ(core_list(*cores), text);
  }
}

TEST(CoreList, ReadsInAnyOrder) {
  EXPECT_EQ(*parse_core_list("4-5,0"), (std::vector{0, 4, 5}));
}

TEST(CoreList, RefusesWhatIsNoList) {
  for (const char* text : {"", ",", "0,", "3-1", "-1", "0-", "a", "0 1", "0-8192", "99999999999", "1,0-3", "0x1", "1.5"}) {
    Result<std::vector<int>> cores = parse_core_list(text);
    ASSERT_FALSE(cores.ok()) << text;
    EXPECT_NE(cores.error().message.find("'" + std::string(text) + "'"), std::string::npos);
  }
}

}  // namespace
}  // namespace staronnx
