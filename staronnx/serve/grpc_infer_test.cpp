#include "staronnx/serve/grpc_infer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <limits>

#include "staronnx/serve/typed_contents.h"

namespace staronnx {
namespace {

using inference::ModelInferRequest;
using testing::ElementsAre;
using testing::HasSubstr;

grpc::ByteBuffer in_slices(const std::string& bytes, std::size_t size) {
  std::vector<grpc::Slice> slices;
  for (std::size_t at = 0; at < bytes.size(); at += size) slices.emplace_back(bytes.substr(at, size));
  return {slices.data(), slices.size()};
}

std::string bytes_of(const grpc::ByteBuffer& message) {
  std::vector<grpc::Slice> slices;
  EXPECT_TRUE(message.Dump(&slices).ok());
  std::string bytes;
  for (const grpc::Slice& slice : slices) bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes;
}

ModelInferRequest two_inputs() {
  ModelInferRequest request;
  request.set_model_name("m");
  request.set_model_version("3");
  request.set_id("seven");
  for (const char* name : {"a", "b"}) {
    auto& input = *request.add_inputs();
    input.set_name(name);
    input.set_datatype("INT16");
    input.add_shape(2);
  }
  request.add_raw_input_contents(std::string("\1\0\2\0", 4));
  request.add_raw_input_contents(std::string("\3\0\4\0", 4));
  return request;
}

Result<InferenceRequest> received(const ModelInferRequest& request, std::size_t slice = 1U << 20U) {
  Result<GrpcRequest> parsed = parse_infer_request(in_slices(request.SerializeAsString(), slice));
  if (!parsed) return parsed.error();
  return inference_of(*std::move(parsed));
}

template <class T>
std::vector<T> values(const Tensor& tensor) {
  std::vector<T> list(tensor.data().size() / sizeof(T));
  std::memcpy(list.data(), tensor.data().data(), tensor.data().size());
  return list;
}

// However the network cut it.
TEST(GrpcInfer, ReadsRawTensors) {
  for (const std::size_t slice : {1UL, 3UL, 1000UL}) {
    const Result<InferenceRequest> request = received(two_inputs(), slice);
    ASSERT_TRUE(request.ok()) << request.error().message;
    EXPECT_EQ(request->model, "m");
    EXPECT_EQ(request->version, 3);
    EXPECT_EQ(request->id, "seven");
    ASSERT_EQ(request->inputs.size(), 2U);
    EXPECT_EQ(request->inputs[1].name, "b");
    EXPECT_EQ(request->inputs[1].tensor.type(), DataType::int16);
    EXPECT_EQ(request->inputs[1].tensor.shape(), Shape{2});
    EXPECT_THAT(values<std::int16_t>(request->inputs[1].tensor), ElementsAre(3, 4));
  }
}

TEST(GrpcInfer, TheOrderOfFieldsIsFree) {
  ModelInferRequest raw;
  raw.mutable_raw_input_contents()->Swap(two_inputs().mutable_raw_input_contents());
  ModelInferRequest rest = two_inputs();
  *raw.mutable_raw_input_contents() = rest.raw_input_contents();
  rest.clear_raw_input_contents();
  const Result<GrpcRequest> parsed = parse_infer_request(in_slices(raw.SerializeAsString() + rest.SerializeAsString(), 5));
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->raw.size(), 2U);
  EXPECT_EQ(parsed->head.inputs_size(), 2);
}

TEST(GrpcInfer, FieldsOfLaterProtocolsAreLeftOut) {
  const std::string later("\x78\x05\xa9\x06\1\2\3\4\5\6\7\x08\xb5\x06\1\2\3\4", 18);  // a varint, eight bytes, four bytes
  EXPECT_TRUE(parse_infer_request(in_slices(two_inputs().SerializeAsString() + later, 4)).ok());
}

TEST(GrpcInfer, WhatIsNoMessageIsRefused) {
  const std::string whole = two_inputs().SerializeAsString();
  const std::string text = "\x0a\x02\xff\xfe";  // a name that is not UTF-8
  const std::string long_tag = "\xf2\xff\xff\xff\xff\x01" + std::string("\1x"), long_length("\x3a\x82\x80\x80\x80\x80\x00xy", 9);
  const std::string too_long("\x3a\x82\x80\x80\x80\x10xy", 8);  // 2 in its lower 32 bits
  for (const std::string& bytes :
       {long_tag, long_length, too_long, whole.substr(0, whole.size() - 1), std::string("\x3a\xff\xff\xff\xff\x0f", 6),
        std::string("\x3a\xff\xff\xff\xff\x07xy", 8), std::string("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 10),
        std::string("\x0b\x0c", 2), text, std::string("\0", 1)}) {
    const Result<GrpcRequest> parsed = parse_infer_request(in_slices(bytes, 3));
    ASSERT_FALSE(parsed) << testing::PrintToString(bytes);
    EXPECT_EQ(parsed.error().code, ErrorCode::invalid_argument);
  }
}

TEST(GrpcInfer, ParametersAreEitherKindOfNumber) {
  ModelInferRequest request = two_inputs();
  (*request.mutable_parameters())["priority"].set_uint64_param(2);
  (*request.mutable_parameters())["timeout"].set_int64_param(1500);
  (*request.mutable_parameters())["sequence_id"].set_int64_param(5);
  auto& output = *request.add_outputs();
  output.set_name("y");
  (*output.mutable_parameters())["classification"].set_int64_param(3);
  const Result<InferenceRequest> parsed = received(request);
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_EQ(parsed->priority, 2U);
  EXPECT_EQ(parsed->timeout, Microseconds(1500));
  EXPECT_EQ(parsed->outputs[0].name, "y");
  EXPECT_EQ(parsed->outputs[0].classes, 3U);
}

TEST(GrpcInfer, EmptyTensorsAreNotMissingOnes) {
  ModelInferRequest request = two_inputs();
  request.mutable_inputs(0)->set_shape(0, 0);
  request.set_raw_input_contents(0, "");
  const Result<InferenceRequest> parsed = received(request);
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_EQ(parsed->inputs[0].tensor.data().size(), 0U);
}

struct Wrong {
  std::function<void(ModelInferRequest&)> change;
  const char* message;
  ErrorCode code = ErrorCode::invalid_argument;
};

TEST(GrpcInfer, WhatIsWrongIsSaid) {
  const std::vector<Wrong> all{
      {[](auto& r) { r.set_model_version("one"); }, "failed to get model version from specified version string 'one'"},
      {[](auto& r) { r.set_model_version("-1"); }, "version string '-1'"},
      {[](auto& r) { r.mutable_inputs(1)->set_shape(0, -2); },
       "'shape' of input 'b' must be a list of whole numbers of at least 0"},
      {[](auto& r) {
         r.mutable_inputs(1)->set_shape(0, 1L << 62);
         r.mutable_inputs(1)->add_shape(4);
       },
       "'shape' of input 'b' has more elements than there can be"},
      {[](auto& r) { r.set_model_version("1 "); }, "version string '1 '"},
      {[](auto& r) { r.mutable_raw_input_contents()->RemoveLast(); }, "raw_input_contents has 1 entries, but there are 2 inputs"},
      {[](auto& r) { r.add_raw_input_contents("x"); }, "raw_input_contents has 3 entries, but there are 2 inputs"},
      {[](auto& r) { r.mutable_inputs(1)->mutable_contents()->add_int_contents(1); },
       "contents field must not be specified when using raw_input_contents for input 'b'"},
      {[](auto& r) { r.mutable_inputs(0)->set_datatype("FP31"); },
       "input 'a' has the datatype 'FP31', which the protocol does not know"},
      {[](auto& r) { (*r.mutable_parameters())["priority"].set_string_param("high"); },
       "parameter 'priority' must be a whole number"},
      {[](auto& r) { (*r.mutable_parameters())["timeout"].set_int64_param(-1); }, "parameter 'timeout' must be a whole number"},
      {[](auto& r) { (*r.mutable_inputs(0)->mutable_parameters())["shared_memory_region"].set_string_param("r"); },
       "raw_input_contents has 2 entries, but there are 1 inputs that are not in shared memory"},
      {[](auto& r) {
         r.mutable_raw_input_contents()->RemoveLast();
         (*r.mutable_inputs(0)->mutable_parameters())["shared_memory_region"].set_string_param("r");
       },
       "input 'a' has 'shared_memory_region', but no 'shared_memory_byte_size'"},
      {[](auto& r) { (*r.add_outputs()->mutable_parameters())["classification"].set_int64_param(1LL << 40); },
       "has the classification 1099511627776"},
  };
  for (const Wrong& wrong : all) {
    ModelInferRequest request = two_inputs();
    wrong.change(request);
    const Result<InferenceRequest> parsed = received(request);
    ASSERT_FALSE(parsed) << wrong.message;
    EXPECT_THAT(parsed.error().message, HasSubstr(wrong.message));
    EXPECT_EQ(parsed.error().code, wrong.code);
  }
}

InferenceResponse example(std::span<const InferenceOutput> outputs) {
  return {"m", 4, "seven", outputs};
}

TEST(GrpcInfer, AnswersHaveOneRawEntryForEachOutput) {
  const Shape shape{2}, empty{0};
  const std::array<std::int16_t, 2> numbers{5, -6};
  const std::vector<InferenceOutput> outputs{{"y", {DataType::int16, shape, std::as_bytes(std::span(numbers))}},
                                             {"z", {DataType::float32, empty, {}}}};
  const Result<grpc::ByteBuffer> message = answer_message(example(outputs));
  ASSERT_TRUE(message.ok());
  inference::ModelInferResponse answer;
  ASSERT_TRUE(answer.ParseFromString(bytes_of(*message)));
  EXPECT_EQ(answer.model_name(), "m");
  EXPECT_EQ(answer.model_version(), "4");
  EXPECT_EQ(answer.id(), "seven");
  EXPECT_EQ(answer.outputs(0).datatype(), "INT16");
  EXPECT_THAT(answer.outputs(0).shape(), ElementsAre(2));
  EXPECT_THAT(answer.raw_output_contents(), ElementsAre(std::string("\5\0\xfa\xff", 4), ""));
  EXPECT_TRUE(answer.parameters().empty());
}

// Until gRPC has sent them; what cannot be kept is copied.
TEST(GrpcInfer, LongOutputsAreSentFromTheirOwnMemory) {
  const Shape shape{100'000};
  const auto kept = std::make_shared<std::vector<std::byte>>(100'000, std::byte{7});
  const std::vector<std::byte> passing(100'000, std::byte{8}), brief(10, std::byte{9});
  const std::vector<InferenceOutput> outputs{{"a", {DataType::uint8, shape, *kept}},
                                             {"b", {DataType::uint8, shape, passing}},
                                             {"c", {DataType::uint8, shape, brief}},
                                             {"d", {DataType::uint8, shape, *kept}}};
  InferenceResponse response = example(outputs);
  response.keep = [&](std::span<const std::byte> data) {
    return data.data() == kept->data() ? std::shared_ptr<const std::byte>(kept, data.data()) : nullptr;
  };
  for (const bool stream : {false, true}) {
    const Result<grpc::ByteBuffer> message = stream ? stream_answer_message(response, true) : answer_message(response);
    ASSERT_TRUE(message.ok());
    EXPECT_EQ(kept.use_count(), 3);
    inference::ModelStreamInferResponse answer;
    ASSERT_TRUE(stream ? answer.ParseFromString(bytes_of(*message))
                       : answer.mutable_infer_response()->ParseFromString(bytes_of(*message)));
    const auto& raw = answer.infer_response().raw_output_contents();
    EXPECT_THAT(raw, ElementsAre(std::string(100'000, 7), std::string(100'000, 8), std::string(10, 9), std::string(100'000, 7)));
  }
  EXPECT_EQ(kept.use_count(), 1);
}

TEST(GrpcInfer, StreamsAnswerInBand) {
  const Shape shape{300};
  const std::vector<std::byte> data(300);
  const std::vector<InferenceOutput> outputs{{"y", {DataType::uint8, shape, data}}};
  for (const bool mark : {false, true}) {
    const Result<grpc::ByteBuffer> message = stream_answer_message(example(outputs), mark);
    ASSERT_TRUE(message.ok());
    inference::ModelStreamInferResponse answer;
    ASSERT_TRUE(answer.ParseFromString(bytes_of(*message)));
    EXPECT_EQ(answer.error_message(), "");
    EXPECT_EQ(answer.infer_response().raw_output_contents(0).size(), 300U);
    EXPECT_EQ(answer.infer_response().parameters().contains("triton_final_response"), mark);
  }
  inference::ModelStreamInferResponse error;
  ASSERT_TRUE(error.ParseFromString(bytes_of(stream_error_message("9", {ErrorCode::not_found, "no"}, true))));
  EXPECT_EQ(error.error_message(), "no");
  EXPECT_EQ(error.infer_response().id(), "9");
}

TEST(GrpcInfer, EveryErrorHasItsStatus) {
  const std::vector<std::pair<ErrorCode, grpc::StatusCode>> all{{ErrorCode::invalid_argument, grpc::INVALID_ARGUMENT},
                                                                {ErrorCode::not_found, grpc::NOT_FOUND},
                                                                {ErrorCode::already_exists, grpc::ALREADY_EXISTS},
                                                                {ErrorCode::unsupported, grpc::UNIMPLEMENTED},
                                                                {ErrorCode::unavailable, grpc::UNAVAILABLE},
                                                                {ErrorCode::deadline_exceeded, grpc::DEADLINE_EXCEEDED},
                                                                {ErrorCode::cancelled, grpc::CANCELLED},
                                                                {ErrorCode::internal, grpc::INTERNAL}};
  for (const auto& [ours, theirs] : all) EXPECT_EQ(grpc_status({ours, "x"}).error_code(), theirs);
}

TEST(TypedContents, HaveAListForEachType) {
  inference::InferTensorContents small;
  for (const int value : {-128, 127}) small.add_int_contents(value);
  EXPECT_THAT(values<std::int8_t>(*tensor_of(small, DataType::int8)), ElementsAre(-128, 127));
  EXPECT_THAT(values<std::int32_t>(*tensor_of(small, DataType::int32)), ElementsAre(-128, 127));
  inference::InferTensorContents floats;
  floats.add_fp32_contents(std::numeric_limits<float>::quiet_NaN());
  EXPECT_TRUE(tensor_of(floats, DataType::float32).ok());
  inference::InferTensorContents bytes;
  bytes.add_bytes_contents("ab");
  bytes.add_bytes_contents("");
  const Result<Tensor> strings = tensor_of(bytes, DataType::string);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(strings->data().data()), 10), std::string("\2\0\0\0ab\0\0\0\0", 10));
  inference::InferTensorContents flags;
  flags.add_bool_contents(true);
  EXPECT_THAT(values<std::uint8_t>(*tensor_of(flags, DataType::boolean)), ElementsAre(1));
}

TEST(TypedContents, RefuseWhatDoesNotFit) {
  inference::InferTensorContents contents;
  contents.add_int_contents(128);
  EXPECT_THAT(tensor_of(contents, DataType::int8).error().message, HasSubstr("the value 128 does not fit INT8"));
  EXPECT_THAT(tensor_of(contents, DataType::int64).error().message, HasSubstr("in another list than that for INT64"));
  EXPECT_THAT(tensor_of(contents, DataType::float16).error().message, HasSubstr("FP16 has no list of contents"));
}

}  // namespace
}  // namespace staronnx
