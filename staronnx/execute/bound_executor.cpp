#include "staronnx/execute/bound_executor.h"

#include <memory>
#include <optional>
#include <utility>

#include <onnxruntime_run_options_config_keys.h>

#include "staronnx/execute/ort_tensor.h"

namespace staronnx {
namespace {

std::string names_on_cpu(const std::vector<Ort::ConstMemoryInfo>& memories, const std::vector<TensorInfo>& tensors) {
  std::string names;
  for (std::size_t i = 0; i < memories.size(); ++i)
    if (memories[i].GetDeviceType() == OrtMemoryInfoDeviceType_CPU)
      names += (names.empty() ? "'" : ", '") + tensors[i].name + "'";
  return names;
}

std::string note_on(const Ort::Session& session, const Signature& signature, const NodePlacement& placement) {
  const std::string nodes = placement.known() ? placement.on_cpu() : "it is not known which nodes";
  const std::string inputs = names_on_cpu(session.GetMemoryInfoForInputs(), signature.inputs);
  const std::string outputs = names_on_cpu(session.GetMemoryInfoForOutputs(), signature.outputs);
  std::string what = nodes;
  if (!inputs.empty()) what += (what.empty() ? "input " : ", input ") + inputs;
  if (!outputs.empty()) what += (what.empty() ? "output " : ", output ") + outputs;
  return what.empty() ? what : "left to the CPU: " + what + "; so every run waits for the GPU";
}

}  // namespace

BoundExecutor::BoundExecutor(std::string name, Signature signature, Parts parts)
    : name_(std::move(name)),
      signature_(std::move(signature)),
      parts_(std::move(parts)),
      memory_(parts_.stream->memory()),
      allocator_(parts_.session, memory_),
      note_(note_on(parts_.session, signature_, *parts_.placement)),
      binding_(parts_.session) {
  run_options_.SetRunLogSeverityLevel(ORT_LOGGING_LEVEL_FATAL);
  // Otherwise ONNX Runtime synchronises the stream at the end of a run, which it must when work of the CPU's is part of it.
  if (asynchronous()) run_options_.AddConfigEntry(kOrtRunOptionsConfigDisableSynchronizeExecutionProviders, "1");
  if (asynchronous() && parts_.repeatable)
    recorded_.emplace(RecordedRuns::Parts{parts_.session, *parts_.stream, allocator_, memory_, run_options_, signature_});
}

Status BoundExecutor::enqueue(std::span<const TensorView> inputs, std::span<OutputSlot> outputs) {
  return ort::guarded(name_, [&]() -> Status {
    if (Status right = check(inputs, outputs); !right) return right;
    if (Status entered = parts_.stream->enter(); !entered) return entered;
    if (!recorded_) return enqueue_anew(inputs, outputs);
    const Result<std::span<const Ort::Value>> values = recorded_->enqueue(inputs);
    if (!values) return values.error();
    return values->empty() ? enqueue_anew(inputs, outputs) : place(*values, outputs);
  });
}

Status BoundExecutor::check(std::span<const TensorView> inputs, std::span<OutputSlot> outputs) const {
  if (outputs.size() != signature_.outputs.size()) {
    return Error{ErrorCode::invalid_argument, name_ + ": " + std::to_string(outputs.size()) + " places for outputs; give " +
                                                  std::to_string(signature_.outputs.size())};
  }
  if (inputs.size() != signature_.inputs.size()) {
    return Error{ErrorCode::invalid_argument,
                 name_ + ": " + std::to_string(inputs.size()) + " inputs; give " + std::to_string(signature_.inputs.size())};
  }
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const TensorInfo& info = signature_.inputs[i];
    if (inputs[i].type == DataType::undefined && info.optional) continue;
    if (inputs[i].type == DataType::string) {
      return Error{ErrorCode::invalid_argument,
                   name_ + ": input '" + info.name + "' is of strings, which are in no GPU's memory"};
    }
    if (Status size = check_size(info.name, inputs[i]); !size) return with_context(name_, size.error());
  }
  return {};
}

Status BoundExecutor::enqueue_anew(std::span<const TensorView> inputs, std::span<OutputSlot> outputs) {
  if (!asynchronous()) {
    // Inputs that the CPU wants are copied when they are bound, beside the stream.
    if (Status done = parts_.stream->synchronize(); !done) return done;
  }
  bind_inputs(inputs);
  run_session(outputs);
  const std::vector<Ort::Value> values = binding_.GetOutputValues();
  if (Status placed = place(values, outputs); !placed) return placed;
  if (recorded_) recorded_->saw(inputs, values);
  // Memory of the session's own that is copied from is given back to it now. That is in time: what uses it next comes later in the stream.
  binding_.ClearBoundInputs();
  binding_.ClearBoundOutputs();
  return {};
}

Result<GpuMemory> BoundExecutor::allocate(std::size_t bytes) {
  return ort::guarded(name_, [&]() -> Result<GpuMemory> {
    if (Status entered = parts_.stream->enter(); !entered) return entered.error();
    if (Status forgotten = recorded_ ? recorded_->forget() : Status(); !forgotten) return forgotten.error();
    auto memory = std::make_shared<Ort::MemoryAllocation>(allocator_.GetAllocation(bytes));
    return GpuMemory{{static_cast<std::byte*>(memory->get()), bytes}, std::move(memory)};
  });
}

Status BoundExecutor::copy(std::span<std::byte> to, std::span<const std::byte> from) {
  if (Status entered = parts_.stream->enter(); !entered) return entered;
  return parts_.stream->copy(to, from);
}

void BoundExecutor::bind_inputs(std::span<const TensorView> inputs) {
  binding_.ClearBoundInputs();
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].type == DataType::undefined) continue;
    binding_.BindInput(signature_.inputs[i].name.c_str(),
                       ort::tensor_on(memory_, inputs[i].type, inputs[i].shape, inputs[i].data));
  }
}

void BoundExecutor::bind_outputs(std::span<OutputSlot> outputs, bool as_declared) {
  binding_.ClearBoundOutputs();
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const TensorInfo& info = signature_.outputs[i];
    const auto part = as_declared && !info.any_shape ? ort::part_of(outputs[i].buffer, info.type, info.shape) : std::nullopt;
    if (part) {
      binding_.BindOutput(info.name.c_str(), ort::tensor_on(memory_, info.type, info.shape, *part));
    } else {
      binding_.BindOutput(info.name.c_str(), memory_);
    }
  }
}

void BoundExecutor::run_session(std::span<OutputSlot> outputs) {
  const auto run = [&](bool as_declared) {
    bind_outputs(outputs, as_declared);
    parts_.session.Run(run_options_, binding_);
  };
  try {
    run(declared_shapes_hold_);
  } catch (const Ort::Exception&) {
    // Maybe an output has another shape than the model's file states. If this was another failure, it comes again.
    if (!declared_shapes_hold_) throw;
    run(false);
    declared_shapes_hold_ = false;
  }
}

Status BoundExecutor::place(std::span<const Ort::Value> values, std::span<OutputSlot> outputs) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (Status placed = place(values[i], outputs[i]); !placed) return placed;
  }
  return {};
}

Status BoundExecutor::place(const Ort::Value& value, OutputSlot& slot) {
  const Ort::TensorTypeAndShapeInfo info = value.GetTensorTypeAndShapeInfo();
  slot.shape = info.GetShape();
  const std::span data(static_cast<const std::byte*>(value.GetTensorRawData()), value.GetTensorSizeInBytes());
  const bool fits = data.size() <= slot.buffer.size();
  if (!fits) slot.overflow.resize(data.size());
  const std::span<std::byte> place = fits ? slot.buffer.first(data.size()) : std::span(slot.overflow);
  slot.view = TensorView{static_cast<DataType>(info.GetElementType()), slot.shape, place};
  if (data.empty() || data.data() == place.data()) return {};
  if (Status copied = parts_.stream->copy(place, data); !copied) return copied;
  return fits ? Status() : parts_.stream->synchronize();
}

}  // namespace staronnx
