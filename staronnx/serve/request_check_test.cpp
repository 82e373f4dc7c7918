#include "staronnx/serve/request_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "staronnx/serve/tensor_for_serve_test.h"

namespace staronnx {
namespace {

using testing::ElementsAre;
using testing::StartsWith;

Tensor floats(Shape shape) {
  return {DataType::float32, shape, byte_size(DataType::float32, shape)->count};
}

class RequestCheck : public testing::Test {
 protected:
  Result<FittingRequest> fitted(std::vector<InferenceInput> inputs, std::vector<RequestedOutput> outputs = {}) {
    InferenceRequest request{"m", {}, {}, std::move(inputs), std::move(outputs)};
    return fit({model_, signature_, max_batch_size_}, request);
  }
  std::string refusal(std::vector<InferenceInput> inputs, std::vector<RequestedOutput> outputs = {}) {
    const Result<FittingRequest> fitting = fitted(std::move(inputs), std::move(outputs));
    if (fitting) return "accepted";
    EXPECT_EQ(fitting.error().code, ErrorCode::invalid_argument);
    return fitting.error().message;
  }

  const std::string model_ = "m";
  Signature signature_{{input_info("x", DataType::float32, {-1, 2}), input_info("y", DataType::float32, {-1, 1})},
                       {input_info("a", DataType::float32, {-1}), input_info("b", DataType::float32, {-1})}};
  std::int64_t max_batch_size_ = 4;
};

TEST_F(RequestCheck, PutsInputsAndOutputsInTheirPlaces) {
  const Result<FittingRequest> fitting = fitted({{"y", floats({3, 1})}, {"x", floats({3, 2})}}, {{"b"}});
  ASSERT_TRUE(fitting.ok()) << fitting.error().message;
  EXPECT_EQ(fitting->inputs.at(0).shape(), (Shape{3, 2}));
  EXPECT_EQ(fitting->inputs.at(1).shape(), (Shape{3, 1}));
  EXPECT_THAT(fitting->outputs, ElementsAre(1u));
  EXPECT_EQ(fitting->batch_size, 3);
}

TEST_F(RequestCheck, GivesAllOutputsWhenNoneIsRequested) {
  EXPECT_THAT(fitted({{"x", floats({1, 2})}, {"y", floats({1, 1})}})->outputs, ElementsAre(0u, 1u));
}

TEST_F(RequestCheck, TakesTensorsWithoutElements) {
  EXPECT_EQ(refusal({{"x", floats({0, 2})}, {"y", floats({0, 1})}}), "accepted");
}

TEST_F(RequestCheck, SaysWhatClientsLookFor) {
  const InferenceInput x{"x", floats({1, 2})}, y{"y", floats({1, 1})};
  EXPECT_THAT(refusal({x}),
              StartsWith("expected 2 inputs but got 1 inputs for model 'm'. Got input(s) ['x'], but missing required "
                         "input(s) ['y']."));
  EXPECT_EQ(refusal({x, y, {"z", floats({1})}}), "unexpected inference input 'z' for model 'm'");
  EXPECT_EQ(refusal({x, x, y}), "input 'x' already exists in request");
  EXPECT_THAT(refusal({{"x", floats({1, 3})}, y}),
              StartsWith("unexpected shape for input 'x' for model 'm'. Expected [-1,2], got [1,3]"));
  EXPECT_THAT(refusal({{"x", floats({2})}, y}),
              StartsWith("unexpected shape for input 'x' for model 'm'. Expected [-1,2], got [2]"));
  EXPECT_EQ(refusal({{"x", Tensor(DataType::int32, {1, 2}, 8)}, y}),
            "inference input 'x' data-type is 'INT32', but model 'm' expects 'FP32'");
  EXPECT_EQ(refusal({{"x", Tensor(DataType::float32, {1, 2}, 7)}, y}),
            "input byte size mismatch for input 'x' for model 'm'. Expected 8, got 7");
  EXPECT_EQ(refusal({{"x", floats({5, 2})}, {"y", floats({5, 1})}}), "inference request batch-size must be <= 4 for 'm'");
  EXPECT_EQ(refusal({{"x", floats({3, 2})}, y}), "input 'y' batch size does not match other inputs for 'm'");
  EXPECT_EQ(refusal({x, y}, {{"c"}}), "unexpected inference output 'c' for model 'm'");
  EXPECT_EQ(refusal({x, y}, {{"a"}, {"a"}}), "output 'a' already exists in request");
}

TEST_F(RequestCheck, FindsStringsWhoseLengthsDoNotAddUp) {
  signature_.inputs = {input_info("s", DataType::string, {-1})};
  max_batch_size_ = 0;
  EXPECT_EQ(refusal({{"s", strings_of({2}, {"a", "bc"})}}), "accepted");
  EXPECT_THAT(refusal({{"s", strings_of({3}, {"a", "bc"})}}), StartsWith("input byte size mismatch for input 's' for model 'm'"));
}

}  // namespace
}  // namespace staronnx
