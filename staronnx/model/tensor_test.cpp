#include "staronnx/model/tensor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace staronnx {
namespace {

using testing::HasSubstr;

std::vector<std::byte> bytes(std::initializer_list<int> values) {
  std::vector<std::byte> data;
  for (int value : values) data.push_back(static_cast<std::byte>(value));
  return data;
}

TEST(DataType, IsFoundByItsName) {
  for (const DataType type : {DataType::float32, DataType::string, DataType::float8e8m0, DataType::int2})
    EXPECT_EQ(data_type_named(to_string(type)), type);
  for (const char* other : {"undefined", "unknown", "float", ""}) EXPECT_FALSE(data_type_named(other)) << other;
}

TEST(Shape, IsPrintedWithX) {
  EXPECT_EQ(to_string(Shape{1, 3, 224}), "1x3x224");
  EXPECT_EQ(to_string(Shape{-1, 16}), "?x16");
  EXPECT_EQ(to_string(Shape{}), "scalar");
}

TEST(ElementCount, MultipliesDimensions) {
  EXPECT_EQ(element_count(Shape{2, 3}), 6);
  EXPECT_EQ(element_count(Shape{}), 1);
  EXPECT_EQ(element_count(Shape{5, 0}), 0);
}

TEST(ElementCount, IsUnknownForADynamicDimensionAndForOverflow) {
  constexpr std::int64_t large = std::numeric_limits<std::int64_t>::max();
  EXPECT_FALSE(element_count(Shape{2, -1}));
  EXPECT_FALSE(element_count(Shape{0, -1}));
  EXPECT_FALSE(element_count(Shape{large, 2}));
  EXPECT_EQ(element_count(Shape{large, 2, 0}), 0);
}

TEST(ByteSize, KnowsEveryType) {
  EXPECT_EQ(byte_size(DataType::float32, Shape{3}), Bytes{12});
  EXPECT_EQ(byte_size(DataType::complex128, Shape{2}), Bytes{32});
  EXPECT_EQ(byte_size(DataType::boolean, Shape{5}), Bytes{5});
  EXPECT_EQ(byte_size(DataType::int4, Shape{3}), Bytes{2});
  EXPECT_EQ(byte_size(DataType::uint2, Shape{5}), Bytes{2});
  EXPECT_FALSE(byte_size(DataType::string, Shape{1}));
  EXPECT_FALSE(byte_size(DataType::undefined, Shape{1}));
  EXPECT_FALSE(byte_size(DataType::complex128, Shape{std::numeric_limits<std::int64_t>::max()}));
}

TEST(Tensor, IsZeroAndAligned) {
  const Tensor tensor(DataType::float32, {4}, 16);
  for (std::byte value : tensor.data()) EXPECT_EQ(value, std::byte{0});
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tensor.data().data()) % 64, 0u);
}

TEST(Tensor, ACopyHasItsOwnMemory) {
  Tensor tensor(DataType::uint8, {2}, 2);
  const Tensor copy = copy_of(tensor.view());
  tensor.data()[0] = std::byte{7};
  EXPECT_EQ(copy.data()[0], std::byte{0});
  EXPECT_EQ(copy.shape(), Shape{2});
  EXPECT_EQ(copy.type(), DataType::uint8);
}

TEST(Tensor, InPlaceKeepsTheMemoryThatItIsPartOf) {
  std::shared_ptr<std::byte> memory = tensor_memory(2 * Tensor::kAlignment);
  const std::weak_ptr<std::byte> alive = memory;
  std::byte* second = memory.get() + Tensor::kAlignment;
  *second = std::byte{7};
  {
    const Tensor tensor = Tensor::in_place(DataType::uint8, {1}, {memory, second}, 1);
    memory.reset();
    EXPECT_FALSE(alive.expired());
    EXPECT_EQ(tensor.data().data(), second);
    const Tensor copy = tensor;  // NOLINT(performance-unnecessary-copy-initialization): the copy is what is looked at
    EXPECT_NE(copy.data().data(), second);
    EXPECT_EQ(copy.data()[0], std::byte{7});
  }
  EXPECT_TRUE(alive.expired());
}

TEST(Tensor, AMovedOneHasNoBytes) {
  Tensor tensor(DataType::uint8, {2}, 2);
  const Tensor taken = std::move(tensor);
  EXPECT_EQ(taken.data().size(), 2u);
  EXPECT_TRUE(tensor.data().empty());  // NOLINT(bugprone-use-after-move)
}

TEST(CheckSize, NamesTheTensorAndBothSizes) {
  const std::vector<std::byte> data(8);
  const Status status = check_size("input 'x'", {DataType::float32, Shape{3}, data});
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message, HasSubstr("input 'x'"));
  EXPECT_THAT(status.error().message, HasSubstr("12 bytes"));
  EXPECT_THAT(status.error().message, HasSubstr("8"));
}

TEST(CheckSize, CountsStrings) {
  const std::vector<std::byte> two = bytes({1, 0, 0, 0, 'a', 0, 0, 0, 0});
  EXPECT_TRUE(check_size("s", {DataType::string, Shape{2}, two}).ok());
  EXPECT_FALSE(check_size("s", {DataType::string, Shape{3}, two}).ok());
  EXPECT_FALSE(check_size("s", {DataType::string, Shape{1}, bytes({2, 0, 0, 0, 'a'})}).ok());
  EXPECT_FALSE(check_size("s", {DataType::string, Shape{1}, bytes({1, 0})}).ok());
  EXPECT_TRUE(check_size("s", {DataType::string, Shape{0}, {}}).ok());
}

TEST(CheckSize, RefusesWhatHasNoSize) {
  EXPECT_FALSE(check_size("x", {DataType::float32, Shape{-1}, {}}).ok());
  EXPECT_FALSE(check_size("x", {DataType::undefined, Shape{1}, {}}).ok());
}

}  // namespace
}  // namespace staronnx
