#include "staronnx/serve/client_signature.h"

#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace staronnx {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const Signature model{{{"image", DataType::float32, {-1, -1}, {"batch", "n"}}, {"scale", DataType::float32, {1}, {""}, true}},
                      {{"class", DataType::int64, {-1}, {"batch"}}, {"score", DataType::float32, {-1, 4}, {"batch", ""}}}};

ClientSignature seen_by(const std::string& text) {
  const Result<ModelConfig> config = ModelConfig::parse(text, "config.pbtxt", "m");
  EXPECT_TRUE(config.ok()) << config.error().message;
  const Result<ModelConfig> complete = config->completed(model);
  EXPECT_TRUE(complete.ok()) << complete.error().message;
  return {*complete, model};
}

Tensor floats(Shape shape) {
  return {DataType::float32, shape, byte_size(DataType::float32, shape)->count};
}

TEST(ClientSignature, IsTheModelsWhereNothingIsSaid) {
  const ClientSignature signature = seen_by("");
  ASSERT_EQ(signature.clients().inputs.size(), 2u);
  EXPECT_EQ(signature.listed_inputs(), 1u) << "clients are not told of inputs with default values";
  EXPECT_EQ(signature.clients().inputs[0].shape, (Shape{-1, -1}));
  EXPECT_TRUE(signature.clients().inputs[1].optional);
  EXPECT_EQ(signature.clients().outputs, model.outputs);
}

TEST(ClientSignature, HasTheBatchBeforeDims) {
  const ClientSignature signature = seen_by(
      "max_batch_size: 8 input { name: 'image' data_type: TYPE_FP32 dims: [16] }"
      " output { name: 'score' data_type: TYPE_FP32 dims: [4] }");
  EXPECT_EQ(signature.clients().inputs[0].shape, (Shape{-1, 16}));
  ASSERT_EQ(signature.clients().outputs.size(), 1u) << "others are not the clients'";
  EXPECT_EQ(signature.clients().outputs[0].shape, (Shape{-1, 4}));
}

TEST(ClientSignature, ListedInputsAreOptionalIfTheConfigurationSaysSo) {
  const std::string scale = "name: 'scale' data_type: TYPE_FP32 dims: [1]";
  const ClientSignature optional = seen_by("input { " + scale + " optional: true }");
  EXPECT_EQ(optional.listed_inputs(), 2u);
  EXPECT_TRUE(optional.clients().inputs[0].optional);
  EXPECT_FALSE(seen_by("input { " + scale + " }").clients().inputs[0].optional);
  std::vector<Tensor> given(2);
  given[1] = floats({2, 3});
  const std::vector<Tensor> in_order = optional.to_model(std::move(given));
  EXPECT_EQ(in_order[0].shape(), (Shape{2, 3})) << "the model has it first";
  EXPECT_EQ(in_order[1].type(), DataType::undefined);
}

TEST(ClientSignature, ReshapesBothWays) {
  const ClientSignature signature = seen_by(
      "max_batch_size: 8 input { name: 'image' data_type: TYPE_FP32 dims: [2, 3] reshape { shape: [6] } }"
      " output { name: 'score' data_type: TYPE_FP32 dims: [2, 2] reshape { shape: [4] } }"
      " output { name: 'class' data_type: TYPE_INT64 dims: [1] reshape { } }");
  EXPECT_EQ(signature.clients().inputs[0].shape, (Shape{-1, 2, 3}));
  std::vector<Tensor> given(2);
  given[0] = floats({5, 2, 3});
  EXPECT_EQ(signature.to_model(std::move(given))[0].shape(), (Shape{5, 6}));
  const Shape classes{5}, scores{5, 4};
  const std::array of_model = {TensorView{DataType::int64, classes, {}}, TensorView{DataType::float32, scores, {}}};
  Shape place, other_place;
  EXPECT_THAT(signature.output(0, of_model, place)->shape, ElementsAre(5, 2, 2));
  EXPECT_THAT(signature.output(1, of_model, other_place)->shape, ElementsAre(5, 1));
}

TEST(ClientSignature, RefusesOutputsThatAreNotAsTheConfigurationSays) {
  const Signature any{{{"in", DataType::float32, {-1}, {"n"}}}, {{"out", DataType::float32, {-1}, {"n"}}}};
  const Result<ModelConfig> config =
      ModelConfig::parse("output { name: 'out' data_type: TYPE_FP32 dims: [4] }", "config.pbtxt", "m");
  const ClientSignature signature(*config->completed(any), any);
  const Shape five{5};
  Shape place;
  const Result<TensorView> out = signature.output(0, std::array{TensorView{DataType::float32, five, {}}}, place);
  EXPECT_EQ(out.error().code, ErrorCode::internal);
  EXPECT_THAT(out.error().message, HasSubstr("the configuration says [4], the model gave [5]"));
}

}  // namespace
}  // namespace staronnx
