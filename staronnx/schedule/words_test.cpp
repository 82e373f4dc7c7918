#include "staronnx/schedule/words.h"

#include <gtest/gtest.h>

#include "staronnx/schedule/node_words.h"

namespace staronnx {
namespace {

TEST(Words, TravelInOrder) {
  std::vector<Word> words{7};
  put(words, "eight bytes and more");
  put(words, "");
  words.push_back(-1);
  WordReader reader(words);
  EXPECT_EQ(reader.number(), 7);
  EXPECT_EQ(reader.text(), "eight bytes and more");
  EXPECT_EQ(reader.text(), "");
  EXPECT_EQ(reader.number(), -1);
  EXPECT_TRUE(reader.complete());
}

TEST(Words, WhatIsNotThereIsNoted) {
  const std::vector<Word> words{100, 1};  // a text of 100 bytes
  WordReader reader(words);
  EXPECT_EQ(reader.text(), "");
  EXPECT_FALSE(reader.complete());
  EXPECT_EQ(reader.number(), 0);
  EXPECT_TRUE(reader.take(1).empty());
}

TEST(Words, CarryErrors) {
  std::vector<Word> words;
  put_error(words, {ErrorCode::unsupported, "not so"});
  WordReader reader(words);
  const Status status = take_status(reader);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::unsupported);
  EXPECT_EQ(status.error().message, "not so");
  WordReader nothing({});
  EXPECT_FALSE(take_status(nothing));
}

TEST(Words, CarryTensorsWithoutTheirData) {
  const std::vector<std::int64_t> shape{2, 3};
  const std::vector<std::byte> data(24);
  std::vector<Word> words;
  put_tensor(words, {DataType::float32, shape, data});
  WordReader reader(words);
  const TensorWords tensor = take_tensor(reader);
  EXPECT_EQ(tensor.type, DataType::float32);
  EXPECT_EQ(tensor.bytes, 24u);
  EXPECT_TRUE(std::ranges::equal(tensor.shape, shape));
}

}  // namespace
}  // namespace staronnx
