#include <google/protobuf/util/field_comparator.h>
#include <google/protobuf/util/message_differencer.h>
#include <grpcpp/support/slice.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <utility>
#include <vector>

#include "staronnx/serve/grpc_infer.h"

using namespace staronnx;

namespace {

grpc::ByteBuffer in_pieces(std::span<const std::uint8_t> bytes, std::size_t size) {
  std::vector<grpc::Slice> pieces;
  for (std::size_t at = 0; at < bytes.size(); at += size) {
    const std::span<const std::uint8_t> piece = bytes.subspan(at, std::min(size, bytes.size() - at));
    pieces.emplace_back(piece.data(), piece.size());
  }
  return {pieces.data(), pieces.size()};
}

bool has(const std::string& text, const Tensor& tensor) {
  return std::ranges::equal(std::as_bytes(std::span(text)), tensor.data());
}

bool same(const google::protobuf::Message& one, const google::protobuf::Message& other) {
  google::protobuf::util::DefaultFieldComparator fields;
  fields.set_treat_nan_as_equal(true);
  google::protobuf::util::MessageDifferencer difference;
  difference.set_field_comparator(&fields);
  return difference.Compare(one, other);
}

// It is what protobuf would have read.
void check(const GrpcRequest& request, std::span<const std::uint8_t> bytes) {
  inference::ModelInferRequest whole;
  if (!whole.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) std::abort();
  if (!std::ranges::equal(whole.raw_input_contents(), request.raw, has)) std::abort();
  whole.clear_raw_input_contents();
  if (!same(whole, request.head)) std::abort();
}

// It can be answered with its own inputs.
void answer(const InferenceRequest& request) {
  std::vector<InferenceOutput> outputs;
  for (const InferenceInput& input : request.inputs) outputs.push_back({input.name, input.tensor.view()});
  const Result<grpc::ByteBuffer> message = answer_message({request.model, 1, request.id, outputs});
  grpc::Slice bytes;
  inference::ModelInferResponse answer;
  if (!message || !message->DumpToSingleSlice(&bytes).ok()) std::abort();
  if (!answer.ParseFromArray(bytes.begin(), static_cast<int>(bytes.size()))) std::abort();
  const auto tensor = [](const InferenceInput& input) -> const Tensor& { return input.tensor; };
  if (!std::ranges::equal(answer.raw_output_contents(), request.inputs, has, {}, tensor)) std::abort();
}

}  // namespace

// Any bytes, however the network cut them (the first byte says how), are a request or refused.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::span<const std::uint8_t> bytes(data + 1, size - 1);
  Result<GrpcRequest> request = parse_infer_request(in_pieces(bytes, data[0] + 1U));
  if (!request) return 0;
  check(*request, bytes);
  if (const Result<InferenceRequest> inference = inference_of(*std::move(request)); inference.ok()) answer(*inference);
  return 0;
}
