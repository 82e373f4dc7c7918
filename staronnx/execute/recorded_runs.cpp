#include "staronnx/execute/recorded_runs.h"

#include <algorithm>
#include <utility>

#include "staronnx/execute/ort_tensor.h"

namespace staronnx {
namespace {

std::span<std::byte> bytes_of(Ort::MemoryAllocation& memory) {
  return {static_cast<std::byte*>(memory.get()), memory.size()};
}

}  // namespace

void RecordedRuns::saw(std::span<const TensorView> inputs, std::span<const Ort::Value> outputs) {
  if (!possible_ || runs_.size() == kMostRecorded || find(inputs) != nullptr) return;
  auto run = std::make_unique<Run>();
  for (const TensorView& input : inputs)
    run->inputs_like.push_back({input.type, Shape(input.shape.begin(), input.shape.end()), input.data.size()});
  for (const Ort::Value& output : outputs) {
    const Ort::TensorTypeAndShapeInfo info = output.GetTensorTypeAndShapeInfo();
    run->outputs_like.push_back({static_cast<DataType>(info.GetElementType()), info.GetShape(), output.GetTensorSizeInBytes()});
  }
  const auto empty = [](const Like& tensor) { return tensor.type != DataType::undefined && tensor.bytes == 0; };
  if (std::ranges::any_of(run->inputs_like, empty) || std::ranges::any_of(run->outputs_like, empty)) return;
  runs_.push_back(std::move(run));
}

Result<std::span<const Ort::Value>> RecordedRuns::enqueue(std::span<const TensorView> inputs) {
  if (!possible_) runs_.clear();
  Run* run = find(inputs);
  if (run == nullptr) return std::span<const Ort::Value>();
  try {
    if (!run->binding) make_room(*run);
    if (Status copied = copy_in(*run, inputs); !copied) return copied.error();
    if (run->recording) {
      if (Status played = run->recording->play(); !played) return played.error();
    } else {
      // As it will be recorded, so that libraries are ready and the session has all the memory that it takes.
      parts_.session.Run(parts_.run_options, *run->binding);
      record(*run);
    }
  } catch (const Ort::Exception&) {
    possible_ = false;  // there is no room for it, say
    return std::span<const Ort::Value>();
  }
  return std::span<const Ort::Value>(run->outputs);
}

Status RecordedRuns::forget() {
  if (std::ranges::none_of(runs_, [](const auto& run) { return run->recording != nullptr; })) return {};
  if (Status done = parts_.stream.synchronize(); !done) return done;
  for (const auto& run : runs_) {
    run->recording.reset();
    run->binding.reset();
    run->outputs.clear();
    run->memory.clear();
  }
  return {};
}

RecordedRuns::Run* RecordedRuns::find(std::span<const TensorView> inputs) {
  const auto found = std::ranges::find_if(runs_, [&](const auto& run) {
    return std::ranges::equal(run->inputs_like, inputs, [](const Like& like, const TensorView& input) {
      return like.type == input.type && std::ranges::equal(like.shape, input.shape);
    });
  });
  return found == runs_.end() ? nullptr : found->get();
}

void RecordedRuns::make_room(Run& run) {
  auto binding = std::make_unique<Ort::IoBinding>(parts_.session);
  const auto tensor_like = [&](const Like& like) {
    run.memory.push_back(parts_.allocator.GetAllocation(like.bytes));
    return ort::tensor_on(parts_.memory, like.type, like.shape, bytes_of(run.memory.back()));
  };
  for (std::size_t i = 0; i < run.inputs_like.size(); ++i) {
    if (run.inputs_like[i].type == DataType::undefined) continue;
    binding->BindInput(parts_.signature.inputs[i].name.c_str(), tensor_like(run.inputs_like[i]));
  }
  for (std::size_t i = 0; i < run.outputs_like.size(); ++i) {
    run.outputs.push_back(tensor_like(run.outputs_like[i]));
    binding->BindOutput(parts_.signature.outputs[i].name.c_str(), run.outputs.back());
  }
  run.binding = std::move(binding);
}

Status RecordedRuns::copy_in(Run& run, std::span<const TensorView> inputs) {
  auto memory = run.memory.begin();
  for (const TensorView& input : inputs) {
    if (input.type == DataType::undefined) continue;
    if (Status copied = parts_.stream.copy(bytes_of(*memory++), input.data); !copied) return copied;
  }
  return {};
}

void RecordedRuns::record(Run& run) {
  const auto again = [&] { parts_.session.Run(parts_.run_options, *run.binding); };
  Result<std::unique_ptr<Recording>> recording = ort::guarded("recording", [&] { return parts_.stream.record(again); });
  possible_ = recording.ok();
  if (recording) run.recording = *std::move(recording);
}

}  // namespace staronnx
