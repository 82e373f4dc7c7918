#include "staronnx/bench/request_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <random>

namespace staronnx {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Signature signature() {
  return {.inputs = {{.name = "x", .type = DataType::float32, .shape = {-1, 2}, .dimension_names = {"n", ""}},
                     {.name = "s", .type = DataType::string, .shape = {2}, .dimension_names = {""}},
                     {.name = "extra", .type = DataType::int8, .shape = {1}, .dimension_names = {""}, .optional = true}},
          .outputs = {}};
}

const std::string kData = R"({"data": [{"x": {"content": [[1, 2.5]], "shape": [1, 2]}, "s": ["a", "bc"]},
                                      [{"x": [1, 2, 3, 4], "s": ["", ""], "extra": [-128]}]]})";
const ShapesByName kTwoRows = {{"x", {2, 2}}};

template <class T>
std::vector<T> values(const Tensor& tensor) {
  std::vector<T> values(tensor.data().size() / sizeof(T));
  std::memcpy(values.data(), tensor.data().data(), tensor.data().size());
  return values;
}

TEST(RequestsIn, AreTheElementsInTheirOrder) {
  const Requests requests = *requests_in(kData, signature(), kTwoRows);
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_THAT(requests[0][0].shape(), ElementsAre(1, 2));
  EXPECT_THAT(values<float>(requests[0][0]), ElementsAre(1, 2.5));
  EXPECT_THAT(values<char>(requests[0][1]), ElementsAre(1, 0, 0, 0, 'a', 2, 0, 0, 0, 'b', 'c'));
  EXPECT_EQ(requests[0][2].type(), DataType::undefined);
  EXPECT_THAT(requests[1][0].shape(), ElementsAre(2, 2));
  EXPECT_THAT(values<std::int8_t>(requests[1][2]), ElementsAre(-128));
}

TEST(RequestsIn, SayWhatIsWrongAndWhere) {
  const auto message = [](const std::string& text) { return requests_in(text, signature(), kTwoRows).error().message; };
  const auto one = [&](const std::string& x) { return message(R"({"data": [{"x": )" + x + R"(, "s": ["", ""]}]})"); };
  EXPECT_THAT(message("{"), HasSubstr(R"({"data": [..]})"));
  EXPECT_THAT(message(R"({"data": []})"), HasSubstr("empty"));
  EXPECT_THAT(message(R"({"data": [{"x": [1, 2, 3, 4]}]})"), HasSubstr("request 1: input 's' is missing"));
  EXPECT_THAT(message(R"({"data": [{"y": [1]}]})"), HasSubstr("no input 'y'"));
  EXPECT_THAT(message(R"({"data": [7]})"), HasSubstr("no object"));
  EXPECT_THAT(one("[1, 2, 3]"), HasSubstr("request 1: input 'x': it has 3 elements, which are not a tensor of 2x2"));
  EXPECT_THAT(one(R"(["a", 2, 3, 4])"), HasSubstr("not of type float32"));
  EXPECT_THAT(one(R"({"b64": "AAAA"})"), HasSubstr("b64"));
  EXPECT_THAT(one(R"({"content": [1], "shape": [-1]})"), HasSubstr("no list of sizes"));
  EXPECT_THAT(one(R"({"content": [], "shape": [4294967296, 4294967296]})"), HasSubstr("not a tensor"));
  EXPECT_THAT(one(std::string(5'000, '[') + std::string(5'000, ']')), HasSubstr("nested too deeply"));
  EXPECT_THAT(requests_in(kData, signature(), {}).error().message, HasSubstr("request 2: input 'x': its shape ?x2 is open"));
}

TEST(RequestsIn, HoldIntegersOfTheirTypesOnly) {
  const Signature bytes{.inputs = {{.name = "x", .type = DataType::uint8, .shape = {1}, .dimension_names = {""}}}, .outputs = {}};
  EXPECT_TRUE(requests_in(R"({"data": [{"x": [255]}]})", bytes, {}).ok());
  for (const char* value : {"256", "-1", "1.5", "true", "null", "1e300", "18446744073709551616"})
    EXPECT_FALSE(requests_in(std::string(R"({"data": [{"x": [)") + value + "]}]}", bytes, {}).ok()) << value;
}

TEST(RequestsIn, FitTheModelOrAreRefusedHoweverTheyAreDamaged) {
  std::mt19937 random(1);
  for (int i = 0; i < 3'000; ++i) {
    std::string text = kData;
    for (int k = 0; k < 2; ++k) text[random() % text.size()] = static_cast<char>(random() % 128);
    const Result<Requests> requests = requests_in(text, signature(), kTwoRows);
    if (!requests) continue;
    for (const std::vector<Tensor>& request : *requests) EXPECT_EQ(request.size(), 3u);
  }
}

TEST(ZeroInputs, HaveTheGivenShapesAndNoBits) {
  const std::vector<Tensor> tensors = zero_inputs(signature(), std::vector<Shape>{{3, 2}, {2}, {1}});
  ASSERT_EQ(tensors.size(), 3u);
  EXPECT_THAT(values<float>(tensors[0]), ElementsAre(0, 0, 0, 0, 0, 0));
  EXPECT_EQ(tensors[1].data().size(), 8u);  // two strings of no letters
  EXPECT_EQ(tensors[2].type(), DataType::undefined);
}

}  // namespace
}  // namespace staronnx
