#include "staronnx/model/signature.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace staronnx {
namespace {

using testing::HasSubstr;

const TensorInfo image{"image", DataType::float32, {1, 3, 4, 4}, {"", "", "", ""}};
const TensorInfo ids{"input_ids", DataType::int64, {-1, -1}, {"batch", "sequence"}};
const TensorInfo scale{"scale", DataType::float32, {1}, {""}, true};

std::vector<float> floats_of(const Tensor& tensor) {
  std::vector<float> values(tensor.data().size() / sizeof(float));
  std::memcpy(values.data(), tensor.data().data(), tensor.data().size());
  return values;
}

TEST(ParseShape, ReadsNameAndDimensions) {
  const auto parsed = parse_shape("input:1x3x224x224");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->first, "input");
  EXPECT_EQ(parsed->second, (Shape{1, 3, 224, 224}));
}

TEST(ParseShape, TheLastColonCounts) {
  const auto parsed = parse_shape("serving:input:0:8");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->first, "serving:input:0");
  EXPECT_EQ(parsed->second, Shape{8});
}

TEST(ParseShape, KnowsScalars) {
  EXPECT_EQ(parse_shape("x:")->second, Shape{});
  EXPECT_EQ(parse_shape("x:scalar")->second, Shape{});
}

TEST(ParseShape, RefusesOtherText) {
  for (const char* text : {"", "x", ":1", "x:1x", "x:x1", "x:-1", "x:1xx2", "x:1,2", "x:99999999999999999999", "x:+1", "x: 1"}) {
    EXPECT_FALSE(parse_shape(text).ok()) << text;
  }
  EXPECT_THAT(parse_shape("x:1,2").error().message, HasSubstr("'1,2'"));
}

TEST(ConcreteShapes, TakesTheModelsOwn) {
  const auto shapes = concrete_shapes({{image, scale}, {}}, {});
  ASSERT_TRUE(shapes.ok());
  EXPECT_EQ(*shapes, (std::vector<Shape>{{1, 3, 4, 4}, {1}}));
}

TEST(ConcreteShapes, AsksForAllThatAreDynamic) {
  const TensorInfo mask{"mask", DataType::int64, {-1, 8}, {"", ""}};
  const auto shapes = concrete_shapes({{ids, mask}, {}}, {});
  ASSERT_FALSE(shapes);
  EXPECT_EQ(shapes.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(shapes.error().message, HasSubstr("'input_ids' has dynamic dimensions (batch x sequence)"));
  EXPECT_THAT(shapes.error().message, HasSubstr("'mask' has dynamic dimensions (? x 8)"));
  EXPECT_THAT(shapes.error().message, HasSubstr("--shape input_ids:1x128 --shape mask:1x8"));
}

TEST(ConcreteShapes, TakesWhatIsGiven) {
  const auto shapes = concrete_shapes({{ids}, {}}, {{"input_ids", {2, 16}}});
  ASSERT_TRUE(shapes.ok());
  EXPECT_EQ(shapes->front(), (Shape{2, 16}));
}

TEST(ConcreteShapes, RefusesAnUnknownNameAndAContradiction) {
  const auto unknown = concrete_shapes({{image}, {}}, {{"picture", {1}}});
  ASSERT_FALSE(unknown);
  EXPECT_THAT(unknown.error().message, HasSubstr("'picture' is no input of the model; its inputs are 'image'"));
  const auto contradiction = concrete_shapes({{image}, {}}, {{"image", {1, 3, 4, 5}}});
  ASSERT_FALSE(contradiction);
  EXPECT_THAT(contradiction.error().message, HasSubstr("1 x 3 x 4 x 4"));
  EXPECT_FALSE(concrete_shapes({{image}, {}}, {{"image", {3, 4, 4}}}).ok());
}

TEST(ConcreteShapes, ATensorOfAnyShapeMustBeGivenOne) {
  TensorInfo free{"x", DataType::float32, {}, {}};
  free.any_shape = true;
  EXPECT_FALSE(concrete_shapes({{free}, {}}, {}).ok());
  EXPECT_TRUE(concrete_shapes({{free}, {}}, {{"x", {3}}}).ok());
}

TEST(RandomInputs, FitTheSignature) {
  const Signature signature{{image, ids, scale, {"text", DataType::string, {2}, {""}}}, {}};
  const std::vector<Shape> shapes{{1, 3, 4, 4}, {2, 8}, {1}, {2}};
  const std::vector<Tensor> inputs = random_inputs(signature, shapes, 1);
  std::vector<TensorView> views(inputs.size());
  std::transform(inputs.begin(), inputs.end(), views.begin(), [](const Tensor& input) { return input.view(); });
  EXPECT_TRUE(check_inputs(signature, views).ok());
  EXPECT_EQ(inputs[2].type(), DataType::undefined);
  EXPECT_EQ(inputs[1].data()[0], std::byte{1});
}

TEST(RandomInputs, AreTheSameForTheSameSeed) {
  const Signature signature{{image}, {}};
  const std::vector<Shape> shapes{image.shape};
  EXPECT_EQ(floats_of(random_inputs(signature, shapes, 3)[0]), floats_of(random_inputs(signature, shapes, 3)[0]));
  EXPECT_NE(floats_of(random_inputs(signature, shapes, 3)[0]), floats_of(random_inputs(signature, shapes, 4)[0]));
}

TEST(RandomInputs, FloatsAreStandardNormal) {
  const std::vector<Shape> shapes{{10000}};
  const Signature signature{{{"x", DataType::float32, {10000}, {""}}}, {}};
  const std::vector<float> values = floats_of(random_inputs(signature, shapes, 1)[0]);
  double sum = 0;
  double squares = 0;
  for (float value : values) {
    sum += value;
    squares += value * value;
  }
  EXPECT_NEAR(sum / 10000, 0.0, 0.05);
  EXPECT_NEAR(squares / 10000, 1.0, 0.05);
}

// The float16 made of a number must be the number, to the precision of float16.
TEST(RandomInputs, HalvesAreTheFloatsRounded) {
  const std::vector<Shape> shapes{{1000}};
  const auto tensor_of = [&](DataType type) { return random_inputs({{{"x", type, {1000}, {""}}}, {}}, shapes, 1)[0]; };
  const std::vector<float> floats = floats_of(tensor_of(DataType::float32));
  const Tensor halves = tensor_of(DataType::float16);
  for (std::size_t i = 0; i < floats.size(); ++i) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, halves.data().data() + 2 * i, 2);
    const int exponent = (bits >> 10) & 31;
    const double fraction = bits & 1023;
    const double magnitude = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(fraction + 1024, exponent - 25);
    EXPECT_NEAR((bits & 0x8000) != 0 ? -magnitude : magnitude, floats[i], std::max(std::abs(floats[i]) * 0x1p-11, 0x1p-25));
  }
}

TEST(CheckInputs, NamesWhatDoesNotFit) {
  const Signature signature{{image, scale}, {}};
  const std::vector<std::byte> data(48 * sizeof(float));
  const Shape good{1, 3, 4, 4};
  const Shape wrong{1, 3, 4, 5};
  const TensorView absent;
  const auto message = [&](const std::vector<TensorView>& inputs) {
    const Status status = check_inputs(signature, inputs);
    return status ? std::string("fits") : status.error().message;
  };
  EXPECT_EQ(message({{DataType::float32, good, data}, absent}), "fits");
  EXPECT_THAT(message({{DataType::float32, good, data}}), HasSubstr("2 inputs, 1"));
  EXPECT_THAT(message({absent, absent}), HasSubstr("'image' is missing"));
  EXPECT_THAT(message({{DataType::int32, good, data}, absent}), HasSubstr("'image' is int32; the model takes float32"));
  EXPECT_THAT(message({{DataType::float32, wrong, data}, absent}), HasSubstr("'image' has shape 1x3x4x5"));
  EXPECT_THAT(message({{DataType::float32, good, std::span(data).first(8)}, absent}), HasSubstr("192 bytes"));
}

}  // namespace
}  // namespace staronnx
