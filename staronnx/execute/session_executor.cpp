#include "staronnx/execute/session_executor.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "staronnx/execute/ort_tensor.h"
#include "staronnx/execute/string_tensor.h"

namespace staronnx {
namespace {

void fill(OutputSlot& slot, const Ort::Value& value) {
  const Ort::TensorTypeAndShapeInfo info = value.GetTensorTypeAndShapeInfo();
  slot.shape = info.GetShape();
  const auto type = static_cast<DataType>(info.GetElementType());
  std::span<const std::byte> data;
  if (type == DataType::string) {
    data = place_in(slot, ort::bytes_of_strings(value));
  } else {
    const auto* bytes = static_cast<const std::byte*>(value.GetTensorRawData());
    const std::size_t size = value.GetTensorSizeInBytes();
    data = bytes == slot.buffer.data() ? slot.buffer.first(size) : place_in(slot, {bytes, size});
  }
  slot.view = TensorView{type, slot.shape, data};
}

}  // namespace

struct SessionExecutor::Inputs {
  std::vector<const char*> names;
  std::vector<Ort::Value> values;
};

SessionExecutor::SessionExecutor(std::string name, Signature signature, std::shared_ptr<const void> keep, Ort::Session session,
                                 std::string note)
    : name_(std::move(name)),
      note_(std::move(note)),
      signature_(std::move(signature)),
      memory_(Ort::MemoryInfo::CreateCpu(OrtDeviceAllocator, OrtMemTypeDefault)),
      keep_(std::move(keep)),
      session_(std::move(session)) {
  for (const TensorInfo& output : signature_.outputs) output_names_.push_back(output.name.c_str());
}

Status SessionExecutor::run(std::span<const TensorView> inputs, std::span<OutputSlot> outputs) {
  return ort::guarded(name_, [&]() -> Status {
    if (outputs.size() != signature_.outputs.size()) {
      return Error{ErrorCode::invalid_argument, name_ + ": " + std::to_string(outputs.size()) + " places for outputs; give " +
                                                    std::to_string(signature_.outputs.size())};
    }
    const Result<Inputs> bound = bind_inputs(inputs);
    if (!bound) return bound.error();
    const std::vector<Ort::Value> values = run_session(*bound, outputs);
    for (std::size_t i = 0; i < values.size(); ++i) fill(outputs[i], values[i]);
    return {};
  });
}

Result<SessionExecutor::Inputs> SessionExecutor::bind_inputs(std::span<const TensorView> inputs) const {
  if (inputs.size() != signature_.inputs.size()) {
    return Error{ErrorCode::invalid_argument,
                 name_ + ": " + std::to_string(inputs.size()) + " inputs; give " + std::to_string(signature_.inputs.size())};
  }
  Inputs bound;
  bound.names.reserve(inputs.size());
  bound.values.reserve(inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const TensorInfo& info = signature_.inputs[i];
    const TensorView& input = inputs[i];
    if (input.type == DataType::undefined && info.optional) continue;
    if (Status size = check_size(info.name, input); !size) return with_context(name_, size.error());
    bound.names.push_back(info.name.c_str());
    bound.values.push_back(input.type == DataType::string ? ort::strings_from(input)
                                                          : ort::tensor_on(memory_, input.type, input.shape, input.data));
  }
  return bound;
}

std::vector<Ort::Value> SessionExecutor::bind_outputs(std::span<OutputSlot> outputs, bool as_declared) const {
  std::vector<Ort::Value> values;
  values.reserve(outputs.size());
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const TensorInfo& info = signature_.outputs[i];
    const auto part = as_declared ? ort::declared_part(info, outputs[i].buffer) : std::nullopt;
    values.push_back(part ? ort::tensor_on(memory_, info.type, info.shape, *part) : Ort::Value(nullptr));
  }
  return values;
}

std::vector<Ort::Value> SessionExecutor::run_session(const Inputs& inputs, std::span<OutputSlot> outputs) {
  std::vector<Ort::Value> values;
  const auto run = [&](bool as_declared) {
    values = bind_outputs(outputs, as_declared);
    session_.Run(Ort::RunOptions{nullptr}, inputs.names.data(), inputs.values.data(), inputs.values.size(), output_names_.data(),
                 values.data(), values.size());
  };
  try {
    run(declared_shapes_hold_);
  } catch (const Ort::Exception&) {
    // Maybe an output has another shape than the model's file states; how a failure says so depends on library and provider. If this
    // was another one, it comes again.
    if (!declared_shapes_hold_) throw;
    run(false);
    declared_shapes_hold_ = false;
  }
  return values;
}

}  // namespace staronnx
