#include "staronnx/serve/request_check.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "staronnx/serve/datatype_name.h"

namespace staronnx {
namespace {

Error invalid(std::string message) {
  return {ErrorCode::invalid_argument, std::move(message)};
}

std::optional<std::size_t> position_of(const std::vector<TensorInfo>& tensors, const std::string& name) {
  const auto found = std::ranges::find(tensors, name, &TensorInfo::name);
  if (found == tensors.end()) return std::nullopt;
  return static_cast<std::size_t>(found - tensors.begin());
}

std::string quoted(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "'" : ",'") + name + "'";
  return "[" + text + "]";
}

Status check_tensor(const ExpectedRequest& expected, const TensorInfo& info, const Tensor& tensor) {
  const std::string of_model = "' for model '" + expected.model + "'";
  if (tensor.type() != info.type)
    return invalid("inference input '" + info.name + "' data-type is '" + std::string(datatype_name(tensor.type())) +
                   "', but model '" + expected.model + "' expects '" + std::string(datatype_name(info.type)) + "'");
  if (!info.any_shape && !fits(info.shape, tensor.shape()))
    return invalid("unexpected shape for input '" + info.name + of_model + ". Expected " + shape_text(info.shape) + ", got " +
                   shape_text(tensor.shape()) + (expected.max_batch_size > 0 ? ". The first dimension is the batch's size" : ""));
  const std::optional<Bytes> bytes = byte_size(info.type, tensor.shape());
  if (bytes && bytes->count != tensor.data().size())
    return invalid("input byte size mismatch for input '" + info.name + of_model + ". Expected " + std::to_string(bytes->count) +
                   ", got " + std::to_string(tensor.data().size()));
  if (Status sound = check_size("input '" + info.name + "'", tensor.view()); !sound)
    return invalid("input byte size mismatch for input '" + info.name + of_model + ": " + sound.error().message);
  return {};
}

// Moves the tensors to their places.
Status take_inputs(const ExpectedRequest& expected, InferenceRequest& request, std::vector<Tensor>& places) {
  const std::vector<TensorInfo>& inputs = expected.signature.inputs;
  places.resize(inputs.size());
  for (InferenceInput& input : request.inputs) {
    const std::optional<std::size_t> at = position_of(inputs, input.name);
    if (!at) return invalid("unexpected inference input '" + input.name + "' for model '" + expected.model + "'");
    if (places[*at].type() != DataType::undefined) return invalid("input '" + input.name + "' already exists in request");
    if (Status fits = check_tensor(expected, inputs[*at], input.tensor); !fits) return fits;
    places[*at] = std::move(input.tensor);
  }
  return {};
}

Status check_none_missing(const ExpectedRequest& expected, const InferenceRequest& request, const std::vector<Tensor>& places) {
  std::vector<std::string> missing;
  std::size_t required = 0;
  for (std::size_t i = 0; i < places.size(); ++i) {
    const TensorInfo& info = expected.signature.inputs[i];
    required += info.optional ? 0 : 1;
    if (!info.optional && places[i].type() == DataType::undefined) missing.push_back(info.name);
  }
  if (missing.empty()) return {};
  std::vector<std::string> given;
  for (const InferenceInput& input : request.inputs) given.push_back(input.name);
  return invalid("expected " + std::to_string(required) + " inputs but got " + std::to_string(given.size()) +
                 " inputs for model '" + expected.model + "'. Got input(s) " + quoted(given) +
                 ", but missing required input(s) " + quoted(missing) + ". Please provide all required input(s).");
}

Result<std::int64_t> batch_size_of(const ExpectedRequest& expected, const std::vector<Tensor>& places) {
  if (expected.max_batch_size == 0) return 1;
  std::optional<std::int64_t> size;
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (places[i].shape().empty()) continue;
    const std::int64_t own = places[i].shape().front();
    if (size && *size != own)
      return invalid("input '" + expected.signature.inputs[i].name + "' batch size does not match other inputs for '" +
                     expected.model + "'");
    size = own;
  }
  if (size.value_or(1) > expected.max_batch_size)
    return invalid("inference request batch-size must be <= " + std::to_string(expected.max_batch_size) + " for '" +
                   expected.model + "'");
  return size.value_or(1);
}

Result<std::vector<std::size_t>> positions_of_outputs(const ExpectedRequest& expected, const InferenceRequest& request) {
  std::vector<std::size_t> positions;
  for (const RequestedOutput& output : request.outputs) {
    const std::optional<std::size_t> at = position_of(expected.signature.outputs, output.name);
    if (!at) return invalid("unexpected inference output '" + output.name + "' for model '" + expected.model + "'");
    if (std::ranges::find(positions, *at) != positions.end())
      return invalid("output '" + output.name + "' already exists in request");
    positions.push_back(*at);
  }
  for (std::size_t i = 0; request.outputs.empty() && i < expected.signature.outputs.size(); ++i) positions.push_back(i);
  return positions;
}

}  // namespace

bool fits(std::span<const std::int64_t> wanted, std::span<const std::int64_t> given) {
  return std::ranges::equal(wanted, given, [](std::int64_t one, std::int64_t other) { return one < 0 || one == other; });
}

std::string shape_text(std::span<const std::int64_t> shape) {
  std::string text;
  for (const std::int64_t size : shape) text += (text.empty() ? "" : ",") + std::to_string(size);
  return "[" + text + "]";
}

Result<FittingRequest> fit(const ExpectedRequest& expected, InferenceRequest& request) {
  FittingRequest fitting;
  if (Status taken = take_inputs(expected, request, fitting.inputs); !taken) return taken.error();
  if (Status all = check_none_missing(expected, request, fitting.inputs); !all) return all.error();
  Result<std::int64_t> batch = batch_size_of(expected, fitting.inputs);
  if (!batch) return batch.error();
  fitting.batch_size = *batch;
  Result<std::vector<std::size_t>> outputs = positions_of_outputs(expected, request);
  if (!outputs) return outputs.error();
  fitting.outputs = *std::move(outputs);
  return fitting;
}

}  // namespace staronnx
