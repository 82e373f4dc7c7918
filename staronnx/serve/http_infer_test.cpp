#include "staronnx/serve/http_infer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "staronnx/serve/tensor_for_serve_test.h"

namespace staronnx {
namespace {

using Json = nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

std::string refusal(const std::string& body, const std::optional<std::string>& header_length = std::nullopt) {
  const Result<HttpInference> inference = parse_infer(HttpBody(body), header_length);
  if (inference) return "accepted";
  EXPECT_EQ(inference.error().code, ErrorCode::invalid_argument);
  return inference.error().message;
}

std::string with_input(const std::string& type, const std::string& shape, const std::string& data) {
  return R"({"inputs":[{"name":"x","datatype":")" + type + R"(","shape":)" + shape + R"(,"data":)" + data + "}]}";
}

Result<Tensor> tensor_from(const std::string& type, const std::string& shape, const std::string& data) {
  Result<HttpInference> inference = parse_infer(HttpBody(with_input(type, shape, data)), std::nullopt);
  if (!inference) return inference.error();
  return std::move(inference->request.inputs.at(0).tensor);
}

template <class T>
std::vector<T> read_back(const std::string& type, const std::string& shape, const std::string& data) {
  const Result<Tensor> tensor = tensor_from(type, shape, data);
  EXPECT_TRUE(tensor.ok()) << tensor.error().message;
  return tensor ? elements_of<T>(tensor->view()) : std::vector<T>();
}

TEST(ParseInfer, ReadsAllThatARequestSays) {
  const Result<HttpInference> inference = parse_infer(HttpBody(R"({
    "id": "seven",
    "parameters": {"priority": 3, "timeout": 2500, "binary_data_output": true, "sequence_id": 4},
    "inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [1.5, -2]}],
    "outputs": [{"name": "y", "parameters": {"classification": 5, "binary_data": false}}, {"name": "z"}]})"),
                                                      std::nullopt);
  ASSERT_TRUE(inference.ok()) << inference.error().message;
  const InferenceRequest& request = inference->request;
  EXPECT_EQ(request.id, "seven");
  EXPECT_EQ(request.priority, 3u);
  EXPECT_EQ(request.timeout, Microseconds(2500));
  ASSERT_EQ(request.outputs.size(), 2u);
  EXPECT_EQ(request.outputs[0].classes, 5u);
  EXPECT_EQ(request.outputs[1].classes, 0u);
  EXPECT_TRUE(inference->forms.binary);
  EXPECT_EQ(inference->forms.by_name.at("y"), false);
  EXPECT_EQ(request.inputs.at(0).tensor.shape(), (Shape{1, 2}));
  EXPECT_THAT(elements_of<float>(request.inputs[0].tensor.view()), ElementsAre(1.5F, -2.0F));
}

TEST(ParseInfer, ReadsEveryTypeAtItsLimits) {
  EXPECT_THAT(read_back<std::uint8_t>("BOOL", "[2]", "[true, false]"), ElementsAre(1, 0));
  EXPECT_THAT(read_back<std::int8_t>("INT8", "[2]", "[-128, 127]"), ElementsAre(-128, 127));
  EXPECT_THAT(read_back<std::uint8_t>("UINT8", "[2]", "[0, 255]"), ElementsAre(0, 255));
  EXPECT_THAT(read_back<std::int16_t>("INT16", "[2]", "[-32768, 32767]"), ElementsAre(-32768, 32767));
  EXPECT_THAT(read_back<std::uint16_t>("UINT16", "[1]", "[65535]"), ElementsAre(65535));
  EXPECT_THAT(read_back<std::int32_t>("INT32", "[1]", "[-2147483648]"), ElementsAre(INT32_MIN));
  EXPECT_THAT(read_back<std::uint32_t>("UINT32", "[1]", "[4294967295]"), ElementsAre(UINT32_MAX));
  EXPECT_THAT(read_back<std::int64_t>("INT64", "[2]", "[-9223372036854775808, 9223372036854775807]"),
              ElementsAre(INT64_MIN, INT64_MAX));
  EXPECT_THAT(read_back<std::uint64_t>("UINT64", "[1]", "[18446744073709551615]"), ElementsAre(UINT64_MAX));
  EXPECT_THAT(read_back<double>("FP64", "[2]", "[1e308, 7]"), ElementsAre(1e308, 7));
  const Result<Tensor> texts = tensor_from("BYTES", "[3]", R"(["", "ä\u0000", "long"])");
  ASSERT_TRUE(texts.ok());
  EXPECT_THAT(texts_of(texts->view()), ElementsAre("", std::string("ä\0", 3), "long"));
}

TEST(ParseInfer, TakesNestedAndFlatLists) {
  EXPECT_THAT(read_back<std::int32_t>("INT32", "[2,2]", "[[1,2],[3,4]]"), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(read_back<std::int32_t>("INT32", "[2,2]", "[1,2,3,4]"), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(read_back<std::int32_t>("INT32", "[2,0]", "[[],[]]"), ElementsAre());
}

struct BadData {
  const char *type, *shape, *data, *message;
};
class ParseInferData : public testing::TestWithParam<BadData> {};

TEST_P(ParseInferData, IsRefused) {
  const auto& [type, shape, data, message] = GetParam();
  EXPECT_THAT(refusal(with_input(type, shape, data)), HasSubstr(message));
}

INSTANTIATE_TEST_SUITE_P(Of, ParseInferData,
                         testing::Values(BadData{"INT8", "[1]", "[128]", "128, which is no element of type INT8"},
                                         BadData{"INT8", "[1]", "[-129]", "-129, which is no element"},
                                         BadData{"UINT8", "[1]", "[-1]", "-1, which is no element"},
                                         BadData{"INT64", "[1]", "[9223372036854775808]", "no element of type INT64"},
                                         BadData{"INT32", "[1]", "[1.5]", "1.5, which is no element"},
                                         BadData{"INT32", "[1]", "[\"1\"]", "no element of type INT32"},
                                         BadData{"FP32", "[1]", "[1e39]", "no element of type FP32"},
                                         BadData{"FP32", "[1]", "[true]", "true, which is no element"},
                                         BadData{"FP32", "[1]", "[null]", "null, which is no element"},
                                         BadData{"FP32", "[1]", "[{}]", "an object, which is no element"},
                                         BadData{"BOOL", "[1]", "[1]", "1, which is no element of type BOOL"},
                                         BadData{"BYTES", "[1]", "[1]", "1, which is no element of type BYTES"},
                                         BadData{"FP16", "[1]", "[1]", "receiving FP16 data via JSON is not supported"},
                                         BadData{"BF16", "[1]", "[1]", "receiving BF16 data via JSON is not supported"},
                                         BadData{"FP32", "[2]", "[1]", "'data' has 1 elements, but the shape has 2"},
                                         BadData{"FP32", "[1]", "1", "'data' must be a list, not 1"},
                                         BadData{"FP32", "[1]", "[NaN]", "the JSON cannot be read"},
                                         BadData{"FLOAT", "[1]", "[1]", "'datatype' of input 'x' is 'FLOAT'"},
                                         BadData{"FP32", "[-1]", "[1]", "'shape' of input 'x' must be"},
                                         BadData{"FP32", "[1.0]", "[1]", "'shape' of input 'x' must be"},
                                         BadData{"FP32", "1", "[1]", "'shape' of input 'x' must be"},
                                         BadData{"FP32", "[9223372036854775807,9]", "[1]", "more elements than there can be"}));

TEST(ParseInfer, RefusesWhatIsNoRequest) {
  EXPECT_THAT(refusal(""), HasSubstr("the JSON cannot be read"));
  EXPECT_THAT(refusal("[]"), HasSubstr("the request must be an object"));
  EXPECT_THAT(refusal("{}"), HasSubstr("the request has no 'inputs'"));
  EXPECT_THAT(refusal(R"({"inputs":{}})"), HasSubstr("'inputs' must be a list"));
  EXPECT_THAT(refusal(R"({"inputs":[7]})"), HasSubstr("inputs[0] must be an object"));
  EXPECT_THAT(refusal(R"({"inputs":[{}]})"), HasSubstr("inputs[0] has no 'name'"));
  EXPECT_THAT(refusal(R"({"inputs":[],"id":7})"), HasSubstr("'id' of the request must be text"));
  EXPECT_THAT(refusal(R"({"inputs":[],"parameters":[]})"), HasSubstr("'parameters' of the request must be an object"));
  EXPECT_THAT(refusal(R"({"inputs":[],"parameters":{"timeout":-1}})"), HasSubstr("'timeout' of the request must be a whole"));
  EXPECT_THAT(refusal(R"({"inputs":[],"outputs":[{"name":"y","parameters":{"classification":0}}]})"),
              HasSubstr("'classification' of output 'y' must be from 1 to"));
  EXPECT_THAT(refusal(R"({"inputs":[{"name":"x","datatype":"FP32","shape":[1]}]})"),
              HasSubstr("input 'x' has neither 'data' nor the parameter 'binary_data_size'"));
  EXPECT_THAT(refusal(R"({"inputs":[{"name":"x","datatype":"FP32","shape":[1],"parameters":{"shared_memory_region":"r"}}]})"),
              HasSubstr("input 'x' has 'shared_memory_region', but no 'shared_memory_byte_size'"));
}

TEST(ParseInfer, RefusesDeepJson) {
  const auto nested = [](int depth) {
    return with_input(
        "INT32", "[1]",
        std::string(static_cast<std::size_t>(depth), '[') + "1" + std::string(static_cast<std::size_t>(depth), ']'));
  };
  EXPECT_EQ(refusal(nested(97)), "accepted");
  EXPECT_THAT(refusal(nested(98)), HasSubstr("nested deeper than 100"));
  EXPECT_THAT(refusal(nested(1'000'000)), HasSubstr("nested deeper than 100"));
  EXPECT_THAT(refusal(with_input("BYTES", "[1]", R"(["[[[\"[[["])")), "accepted");
}

const std::string kBinary = R"({"inputs":[{"name":"x","datatype":"INT32","shape":[1],"parameters":{"binary_data_size":4}},)"
                            R"({"name":"y","datatype":"FP16","shape":[1],"parameters":{"binary_data_size":2}}]})";

TEST(ParseInfer, TakesBinaryTensorsInOrder) {
  const std::string bytes("\x01\x02\0\0\x34\x12", 6);
  const Result<HttpInference> inference = parse_infer(HttpBody(kBinary + bytes), std::to_string(kBinary.size()));
  ASSERT_TRUE(inference.ok()) << inference.error().message;
  EXPECT_THAT(elements_of<std::int32_t>(inference->request.inputs.at(0).tensor.view()), ElementsAre(0x201));
  EXPECT_THAT(elements_of<std::uint16_t>(inference->request.inputs.at(1).tensor.view()), ElementsAre(0x1234));
}

// In a body that was read so that what follows the JSON is aligned: the second tensor is not, behind the first's four bytes.
TEST(ParseInfer, LeavesAlignedTensorsWhereTheyAre) {
  const std::string bytes("\x01\x02\0\0\x34\x12", 6);
  HttpBody body = HttpBody::for_overwrite(kBinary.size() + bytes.size(), kBinary.size());
  const std::string text = kBinary + bytes;
  std::ranges::copy(std::as_bytes(std::span(text)), body.bytes().begin());
  const std::byte* tensors = body.bytes().data() + kBinary.size();
  const Result<HttpInference> inference = parse_infer(std::exchange(body, {}), std::to_string(kBinary.size()));
  ASSERT_TRUE(inference.ok()) << inference.error().message;
  const Tensor &x = inference->request.inputs.at(0).tensor, &y = inference->request.inputs.at(1).tensor;
  EXPECT_EQ(x.data().data(), tensors);
  EXPECT_THAT(elements_of<std::int32_t>(x.view()), ElementsAre(0x201));
  EXPECT_NE(y.data().data(), tensors + 4);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(y.data().data()) % Tensor::kAlignment, 0u);
  EXPECT_THAT(elements_of<std::uint16_t>(y.view()), ElementsAre(0x1234));
}

TEST(ParseInfer, RefusesMissingAndLeftOverBytes) {
  const std::string length = std::to_string(kBinary.size());
  EXPECT_THAT(refusal(kBinary + "12345", length), HasSubstr("'binary_data_size' 2, but only 1 bytes follow"));
  EXPECT_THAT(refusal(kBinary + "1234567", length), HasSubstr("1 bytes follow the JSON that belong to no input"));
  EXPECT_THAT(refusal(kBinary, std::nullopt), HasSubstr("'binary_data_size' 4, but only 0 bytes follow"));
}

TEST(ParseInfer, RefusesImpossibleHeaderLengths) {
  for (const char* length : {"-1", "", "1x", "99999", "99999999999999999999999", " 5"})
    EXPECT_THAT(refusal(kBinary, length), HasSubstr("Inference-Header-Content-Length must be a whole number from 0")) << length;
}

// ---- without JSON ----

Signature one_input(DataType type, Shape shape) {
  return {{input_info("x", type, std::move(shape))}, {}};
}

TEST(ParseRawInfer, FindsTheOpenDimension) {
  const Result<HttpInference> inference = parse_raw_infer(HttpBody(std::string(24, 'a')), one_input(DataType::float32, {-1, 3}));
  ASSERT_TRUE(inference.ok()) << inference.error().message;
  EXPECT_EQ(inference->request.inputs.at(0).name, "x");
  EXPECT_EQ(inference->request.inputs.at(0).tensor.shape(), (Shape{2, 3}));
  EXPECT_TRUE(inference->forms.binary);
}

TEST(ParseRawInfer, TakesOneString) {
  const Result<HttpInference> inference = parse_raw_infer(HttpBody("hello"), one_input(DataType::string, {-1}));
  ASSERT_TRUE(inference.ok()) << inference.error().message;
  EXPECT_THAT(texts_of(inference->request.inputs.at(0).tensor.view()), ElementsAre("hello"));
}

TEST(ParseRawInfer, RefusesWhatLeavesTheShapeOpen) {
  const auto raw_refusal = [](const Signature& signature) {
    return parse_raw_infer(HttpBody(std::string(10, 'a')), signature).error().message;
  };
  EXPECT_THAT(raw_refusal(one_input(DataType::float32, {-1, 3})),
              HasSubstr("10 bytes, which do not say the shape of input 'x' [-1,3]"));
  EXPECT_THAT(raw_refusal(one_input(DataType::float32, {-1, -1})), HasSubstr("do not say the shape"));
  EXPECT_THAT(raw_refusal(one_input(DataType::string, {2})), HasSubstr("is for one string"));
  const TensorInfo x = input_info("x", DataType::float32, {1});
  EXPECT_THAT(raw_refusal({{x, input_info("y", DataType::float32, {1})}, {}}), HasSubstr("models with one input"));
}

// ---- answers ----

struct Encoded {
  Json json;
  std::string text, binary;
};

Encoded encoded_outputs(const std::vector<InferenceOutput>& outputs, const OutputForms& forms = {}) {
  const Result<EncodedInference> encoded = encode({"model", 3, "id\"1", outputs}, forms);
  EXPECT_TRUE(encoded.ok()) << encoded.error().message;
  if (!encoded) return {};
  std::string binary;
  for (const std::span<const std::byte> part : encoded->binary)
    binary.append(reinterpret_cast<const char*>(part.data()), part.size());
  return {Json::parse(encoded->json, nullptr, false), encoded->json, binary};
}

TEST(EncodeInfer, SaysWhatTheProtocolSays) {
  const Tensor y = tensor_of<float>(DataType::float32, {1, 2}, {0.1F, 3});
  EXPECT_EQ(encoded_outputs({{"y", y.view()}}).json, Json::parse(R"({"model_name":"model","model_version":"3","id":"id\"1",
    "outputs":[{"name":"y","datatype":"FP32","shape":[1,2],"data":[0.1,3.0]}]})"));
}

TEST(EncodeInfer, PutsBinaryOutputsBehindTheJson) {
  const Tensor x = tensor_of<std::int16_t>(DataType::int16, {1}, {0x4142});
  const Tensor y = tensor_of<std::int16_t>(DataType::int16, {1}, {7});
  const Tensor z = tensor_of<std::int16_t>(DataType::bfloat16, {0}, {});
  OutputForms forms;
  forms.binary = true;
  forms.by_name["y"] = false;
  const Encoded encoded = encoded_outputs({{"x", x.view()}, {"y", y.view()}, {"z", z.view()}}, forms);
  EXPECT_EQ(encoded.binary, "BA");
  EXPECT_EQ(encoded.json["outputs"], Json::parse(R"([
    {"name":"x","datatype":"INT16","shape":[1],"parameters":{"binary_data_size":2}},
    {"name":"y","datatype":"INT16","shape":[1],"data":[7]},
    {"name":"z","datatype":"BF16","shape":[0],"parameters":{"binary_data_size":0}}])"));
}

TEST(EncodeInfer, KeepsEveryFloat) {
  const std::vector<float> floats{0.1F, 1e-45F, 3.4028235e38F, -0.0F, 16777216};
  const Tensor y = tensor_of(DataType::float32, {5}, floats);
  std::vector<float> back;
  const Json outputs = encoded_outputs({{"y", y.view()}}).json["outputs"];
  for (const Json& number : outputs[0]["data"]) back.push_back(number.get<float>());
  EXPECT_EQ(back, floats);
}

TEST(EncodeInfer, WritesNumbersThatJsonDoesNotHaveAsClientsReadThem) {
  const double infinity = std::numeric_limits<double>::infinity();
  const Tensor y = tensor_of<double>(DataType::float64, {3}, {std::nan(""), infinity, -infinity});
  EXPECT_THAT(encoded_outputs({{"y", y.view()}}).text, HasSubstr("[NaN,Infinity,-Infinity]"));
}

TEST(EncodeInfer, WritesBooleansAndStrings) {
  const Tensor b = tensor_of<std::uint8_t>(DataType::boolean, {2}, {0, 1});
  const Tensor s = strings_of({2}, {"a\"b", ""});
  const Json outputs = encoded_outputs({{"b", b.view()}, {"s", s.view()}}).json["outputs"];
  EXPECT_EQ(outputs[0]["data"], Json::parse("[false,true]"));
  EXPECT_EQ(outputs[1]["data"], Json::parse(R"(["a\"b",""])"));
}

TEST(EncodeInfer, RefusesWhatJsonCannotSay) {
  const auto message = [](const Tensor& tensor) {
    const std::array outputs{InferenceOutput{"y", tensor.view()}};
    return encode({"m", 1, "", outputs}, {}).error().message;
  };
  EXPECT_THAT(message(tensor_of<std::uint16_t>(DataType::float16, {1}, {0})),
              HasSubstr("sending FP16 data via JSON is not supported"));
  EXPECT_THAT(message(strings_of({1}, {"\xff"})), HasSubstr("output 'y' has strings that are no UTF-8"));
}

}  // namespace
}  // namespace staronnx
