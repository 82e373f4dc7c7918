#include <algorithm>
#include <cstring>

#include "staronnx/serve/http_infer.h"
#include "staronnx/serve/request_check.h"

namespace staronnx {
namespace {

Error invalid(std::string message) {
  return {ErrorCode::invalid_argument, "a request without JSON (Inference-Header-Content-Length is 0) " + std::move(message)};
}

const TensorInfo* only_input(const Signature& signature) {
  const TensorInfo* only = nullptr;
  for (const TensorInfo& input : signature.inputs) {
    if (input.optional) continue;
    if (only != nullptr) return nullptr;
    only = &input;
  }
  return only;
}

// One element: its length, then its bytes.
Tensor string_tensor(Shape shape, std::string_view text) {
  const auto length = static_cast<std::uint32_t>(text.size());
  Tensor tensor(DataType::string, std::move(shape), sizeof length + text.size());
  std::memcpy(tensor.data().data(), &length, sizeof length);
  if (!text.empty()) std::memcpy(tensor.data().data() + sizeof length, text.data(), text.size());
  return tensor;
}

// The shape that so many bytes make, if there is one.
std::optional<Shape> shape_of(const TensorInfo& input, std::size_t bytes) {
  Shape shape = input.shape;
  if (std::ranges::count(shape, -1) > 1) return std::nullopt;
  const auto open = std::ranges::find(shape, -1);
  if (open == shape.end()) return shape;
  *open = 1;
  if (input.type == DataType::string) return shape;
  const std::uint64_t one = byte_size(input.type, shape).value_or(Bytes{}).count;
  if (one == 0 || bytes % one != 0) return std::nullopt;
  *open = static_cast<std::int64_t>(bytes / one);
  return shape;
}

}  // namespace

bool is_raw(const std::optional<std::string>& header_length) {
  return header_length == "0";
}

Result<HttpInference> parse_raw_infer(const HttpBody& body, const Signature& signature) {
  const TensorInfo* input = only_input(signature);
  if (input == nullptr || input->any_shape) return invalid("is for models with one input of known rank");
  std::optional<Shape> shape = shape_of(*input, body.size());
  if (!shape)
    return invalid("has " + std::to_string(body.size()) + " bytes, which do not say the shape of input '" + input->name + "' " +
                   shape_text(input->shape));
  HttpInference inference;
  inference.forms.binary = true;
  InferenceInput& made = inference.request.inputs.emplace_back(InferenceInput{input->name, {}});
  if (input->type == DataType::string) {
    if (element_count(*shape) != 1) return invalid("is for one string, not for " + shape_text(*shape));
    made.tensor = string_tensor(*std::move(shape), body.text());
    return inference;
  }
  made.tensor = body.tensor(input->type, *std::move(shape), body.text());
  return inference;
}

}  // namespace staronnx
