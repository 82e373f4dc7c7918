#include "staronnx/base/result.h"

#include <memory>

#include <gtest/gtest.h>

namespace staronnx {
namespace {

Result<int> half(int value) {
  if (value % 2 != 0) return Error{ErrorCode::invalid_argument, "3 is odd; give an even number"};
  return value / 2;
}

TEST(Result, HoldsAValue) {
  Result<int> result = half(4);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(*result, 2);
}

TEST(Result, HoldsAnError) {
  Result<int> result = half(3);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(result.error().message, "3 is odd; give an even number");
}

TEST(Result, MovesOutAValueThatCannotBeCopied) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(7);
  std::unique_ptr<int> value = *std::move(result);
  EXPECT_EQ(*value, 7);
}

TEST(Result, OfVoidIsOkUntilGivenAnError) {
  EXPECT_TRUE(Status().ok());
  Status failed = Error{ErrorCode::unavailable, "queue full"};
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "queue full");
}

TEST(Result, ContextComesBeforeTheMessage) {
  Error error = with_context("plan/", Error{ErrorCode::not_found, "plan.json is missing"});
  EXPECT_EQ(error.message, "plan/: plan.json is missing");
  EXPECT_EQ(to_string(error.code), "not_found");
}

}  // namespace
}  // namespace staronnx
