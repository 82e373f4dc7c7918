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
      session_(std::move(session)),
      all_declared_(std::ranges::all_of(
          signature_.outputs, [](const TensorInfo& output) { return !output.any_shape && element_count(output.shape); })) {
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
    const std::shared_ptr<const Shapes> last = last_like(inputs);
    const std::vector<Ort::Value> values = run_session(*bound, outputs, last.get());
    for (std::size_t i = 0; i < values.size(); ++i) fill(outputs[i], values[i]);
    if (!last) remember(inputs, outputs);
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

std::vector<Ort::Value> SessionExecutor::bind_outputs(std::span<OutputSlot> outputs, Foresight foresight,
                                                      const Shapes* last) const {
  std::vector<Ort::Value> values;
  values.reserve(outputs.size());
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const TensorInfo& info = signature_.outputs[i];
    const bool as_file_says = foresight >= declared && !info.any_shape && element_count(info.shape);
    const Shape* shape = as_file_says ? &info.shape : foresight == as_last_time ? &last->outputs[i] : nullptr;
    const auto part = shape != nullptr ? ort::part_of(outputs[i].buffer, info.type, *shape) : std::nullopt;
    values.push_back(part ? ort::tensor_on(memory_, info.type, *shape, *part) : Ort::Value(nullptr));
  }
  return values;
}

// A failure may mean that an output has another shape than was thought; how it says so depends on library and provider. If it meant something
// else, it comes again.
std::vector<Ort::Value> SessionExecutor::run_session(const Inputs& inputs, std::span<OutputSlot> outputs, const Shapes* last) {
  std::vector<Ort::Value> values;
  const Foresight begin = std::min(foresight_.load(), last != nullptr ? as_last_time : declared);
  for (int foresight = begin;; --foresight) {
    values = bind_outputs(outputs, static_cast<Foresight>(foresight), last);
    try {
      session_.Run(Ort::RunOptions{nullptr}, inputs.names.data(), inputs.values.data(), inputs.values.size(),
                   output_names_.data(), values.data(), values.size());
      if (foresight < begin) foresight_ = static_cast<Foresight>(foresight);
      return values;
    } catch (const Ort::Exception&) {
      if (foresight == none) throw;
    }
  }
}

// Of the last run, if its inputs had the same shapes.
std::shared_ptr<const SessionExecutor::Shapes> SessionExecutor::last_like(std::span<const TensorView> inputs) {
  if (all_declared_ || foresight_ != as_last_time) return nullptr;
  const std::lock_guard lock(mutex_);
  const auto like = [](const TensorView& input, const Shape& shape) { return std::ranges::equal(input.shape, shape); };
  return last_ && std::ranges::equal(inputs, last_->inputs, like) ? last_ : nullptr;
}

void SessionExecutor::remember(std::span<const TensorView> inputs, std::span<const OutputSlot> outputs) {
  if (all_declared_ || foresight_ != as_last_time) return;
  auto shapes = std::make_shared<Shapes>();
  for (const TensorView& input : inputs) shapes->inputs.emplace_back(input.shape.begin(), input.shape.end());
  for (const OutputSlot& output : outputs) shapes->outputs.push_back(output.shape);
  const std::lock_guard lock(mutex_);
  last_ = std::move(shapes);
}

}  // namespace staronnx
