#include "staronnx/model/difference.h"

#include <cmath>

#include <gtest/gtest.h>

namespace staronnx {
namespace {

template <class T>
Tensor tensor_of(DataType type, const std::vector<T>& values) {
  return copy_of({type, Shape{static_cast<std::int64_t>(values.size())}, std::as_bytes(std::span(values))});
}

Tensor floats(const std::vector<float>& values) {
  return tensor_of(DataType::float32, values);
}

Difference of(const Tensor& a, const Tensor& b) {
  Result<Difference> result = difference(a.view(), b.view());
  EXPECT_TRUE(result.ok());
  return result ? *result : Difference{};
}

TEST(Difference, IsRelativeToTheLargestValueOfTheTensor) {
  const Difference result = of(floats({1.0f, 99.5f}), floats({0.5f, 100.0f}));
  EXPECT_DOUBLE_EQ(result.max_abs, 0.5);
  EXPECT_DOUBLE_EQ(result.max_rel, 0.005);
  EXPECT_FALSE(result.equal);
}

TEST(Difference, SmallOnesAreEqual) {
  EXPECT_TRUE(of(floats({1.0f, 100.0005f}), floats({1.0f, 100.0f})).equal);
}

TEST(Difference, NanAndInfinityMustStandInTheSamePlaces) {
  EXPECT_TRUE(of(floats({NAN, INFINITY, 1}), floats({NAN, INFINITY, 1})).equal);
  EXPECT_FALSE(of(floats({NAN, 1}), floats({1, 1})).equal);
  EXPECT_FALSE(of(floats({1, 1}), floats({NAN, 1})).equal);
  EXPECT_FALSE(of(floats({INFINITY, 1}), floats({-INFINITY, 1})).equal);
}

TEST(Difference, IntegersAndBooleansAreExact) {
  EXPECT_TRUE(of(tensor_of<std::int64_t>(DataType::int64, {1, 2}), tensor_of<std::int64_t>(DataType::int64, {1, 2})).equal);
  EXPECT_FALSE(of(tensor_of<std::int64_t>(DataType::int64, {1, 1'000'000'001}),
                  tensor_of<std::int64_t>(DataType::int64, {1, 1'000'000'000}))
                   .equal);
}

TEST(Difference, ReadsHalfAndBrainFloats) {
  // 0x3c00 = 1, 0x4000 = 2, 0x0001 = 2^-24 in float16; 0x3f80 = 1 in bfloat16.
  const auto half = [](const std::vector<std::uint16_t>& bits) { return tensor_of(DataType::float16, bits); };
  EXPECT_DOUBLE_EQ(of(half({0x3c00}), half({0x4000})).max_abs, 1.0);
  EXPECT_DOUBLE_EQ(of(half({0x0001}), half({0x0000})).max_abs, std::ldexp(1.0, -24));
  EXPECT_DOUBLE_EQ(
      of(tensor_of<std::uint16_t>(DataType::bfloat16, {0x3f80}), tensor_of<std::uint16_t>(DataType::bfloat16, {0})).max_abs, 1.0);
}

TEST(Difference, RefusesOtherTypesAndShapes) {
  Result<Difference> result = difference(floats({1}).view(), floats({1, 2}).view());
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.error().message.find("float32 2"), std::string::npos);
  EXPECT_FALSE(difference(floats({1}).view(), tensor_of<std::int32_t>(DataType::int32, {1}).view()).ok());
}

TEST(Difference, EmptyTensorsAreEqual) {
  EXPECT_TRUE(of(floats({}), floats({})).equal);
}

}  // namespace
}  // namespace staronnx
