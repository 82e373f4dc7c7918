#include "staronnx/schedule/batch_run.h"

#include <algorithm>
#include <string>
#include <utility>

namespace staronnx {

bool may_be_stacked(const Signature& signature, std::span<const TensorView> inputs) {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const bool left_out = inputs[i].type == DataType::undefined;
    if (signature.inputs[i].optional != left_out) return false;
    if (!left_out && (inputs[i].shape.empty() || bits_of(inputs[i].type) < 8)) return false;
  }
  return true;
}

bool look_alike(std::span<const TensorView> inputs, std::span<const TensorView> others) {
  return std::ranges::equal(inputs, others, [](const TensorView& a, const TensorView& b) {
    return a.type == b.type && std::ranges::equal(a.shape, b.shape);
  });
}

Status BatchRun::run(std::span<const std::span<const TensorView>> requests, std::span<const OutputSlot> outputs) {
  requests_ = 0;
  input_stacks_.resize(requests[0].size());
  inputs_.assign(requests[0].size(), TensorView{});
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (requests[0][i].type == DataType::undefined) continue;
    if (Status stacked = stack_input(i, requests); !stacked) return stacked;
  }
  output_stacks_.resize(outputs.size());
  outputs_.resize(outputs.size());
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (Status room = make_room(output_stacks_[i], requests.size() * outputs[i].buffer.size()); !room) return room;
    outputs_[i].buffer = output_stacks_[i].memory.bytes;
    outputs_[i].overflow.clear();
  }
  if (Status ran = device_.run(inputs_, outputs_); !ran) return ran;
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    output_stacks_[i].wanted = std::max(output_stacks_[i].wanted, outputs_[i].overflow.size());
    const TensorView& whole = outputs_[i].view;
    if (whole.shape.empty() || whole.shape[0] % std::ssize(requests) != 0 || whole.data.size() % requests.size() != 0)
      return Error{ErrorCode::internal, "output " + std::to_string(i + 1) + " of a batch has shape " + to_string(whole.shape) +
                                            ", which is no multiple of " + std::to_string(requests.size())};
  }
  requests_ = requests.size();
  return {};
}

Status BatchRun::make_room(Stack& stack, std::size_t bytes) {
  bytes = std::max(bytes, stack.wanted);
  if (stack.memory.bytes.size() >= bytes) return {};
  stack.memory = {};
  Result<RunDevice::Memory> memory = device_.allocate(bytes);
  if (!memory) return memory.error();
  stack.memory = *std::move(memory);
  return {};
}

Status BatchRun::stack_input(std::size_t input, std::span<const std::span<const TensorView>> requests) {
  Stack& stack = input_stacks_[input];
  const TensorView& one = requests[0][input];
  const std::size_t bytes = requests.size() * one.data.size();
  if (Status room = make_room(stack, bytes); !room) return room;
  stack.shape.assign(one.shape.begin(), one.shape.end());
  stack.shape[0] *= std::ssize(requests);
  inputs_[input] = {one.type, stack.shape, stack.memory.bytes.first(bytes)};
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const std::span<std::byte> part = stack.memory.bytes.subspan(i * one.data.size(), one.data.size());
    if (Status copied = device_.copy(part, requests[i][input].data); !copied) return copied;
  }
  return {};
}

Status BatchRun::hand_out(std::size_t request, std::span<OutputSlot> outputs) {
  if (request >= requests_) return Error{ErrorCode::internal, "there was no batch with that request"};
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const TensorView& whole = outputs_[i].view;
    const std::size_t size = whole.data.size() / requests_;
    outputs[i].shape.assign(whole.shape.begin(), whole.shape.end());
    outputs[i].shape[0] /= static_cast<std::int64_t>(requests_);
    const TensorView part{whole.type, outputs[i].shape, whole.data.subspan(request * size, size)};
    if (Status done = put(part, !outputs_[i].overflow.empty(), outputs[i]); !done) return done;
  }
  return {};
}

// What came to lie in the host's memory stays there.
Status BatchRun::put(const TensorView& part, bool in_host, OutputSlot& slot) {
  const bool fits = !in_host && part.data.size() <= slot.buffer.size();
  if (!fits) slot.overflow.resize(part.data.size());
  const std::span<std::byte> place = fits ? slot.buffer.first(part.data.size()) : std::span(slot.overflow);
  slot.view = {part.type, slot.shape, place};
  if (in_host) {
    std::ranges::copy(part.data, place.begin());
    return {};
  }
  Status copied = device_.copy(place, part.data);
  return copied && !fits ? device_.wait() : copied;
}

}  // namespace staronnx
