#include "staronnx/schedule/batch_run.h"

#include <algorithm>
#include <string>

namespace staronnx {
namespace {

void put(const TensorView& part, OutputSlot& slot) {
  slot.shape.assign(part.shape.begin(), part.shape.end());
  slot.view = {part.type, slot.shape, place_in(slot, part.data)};
}

}  // namespace

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

Status BatchRun::run(Executor& executor, std::span<const BatchMember> members) {
  const std::size_t count = members[0].inputs.size();
  stacks_.resize(count);
  inputs_.assign(count, TensorView{});
  for (std::size_t i = 0; i < count; ++i) {
    if (members[0].inputs[i].type == DataType::undefined) continue;
    pieces_.clear();
    for (const BatchMember& member : members) pieces_.push_back(member.inputs[i]);
    inputs_[i] = stacks_[i].of(pieces_);
  }
  memory_.resize(members[0].outputs.size());
  outputs_.resize(members[0].outputs.size());
  for (std::size_t i = 0; i < outputs_.size(); ++i) outputs_[i].buffer = memory_[i];
  if (Status ran = executor.run(inputs_, outputs_); !ran) return ran;
  return split(members);
}

Status BatchRun::split(std::span<const BatchMember> members) {
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    const TensorView& whole = outputs_[i].view;
    if (whole.shape.empty() || whole.shape[0] % std::ssize(members) != 0 || whole.data.size() % members.size() != 0)
      return Error{ErrorCode::internal, "output " + std::to_string(i + 1) + " of a batch has shape " + to_string(whole.shape) +
                                            ", which is no multiple of " + std::to_string(members.size())};
  }
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    const TensorView& whole = outputs_[i].view;
    Shape shape(whole.shape.begin(), whole.shape.end());
    shape[0] /= std::ssize(members);
    const std::size_t size = whole.data.size() / members.size();
    for (std::size_t m = 0; m < members.size(); ++m) {
      put({whole.type, shape, whole.data.subspan(m * size, size)}, members[m].outputs[i]);
    }
    if (outputs_[i].overflow.size() > memory_[i].size()) memory_[i].resize(outputs_[i].overflow.size());  // for the next run
    outputs_[i].overflow.clear();
  }
  return {};
}

}  // namespace staronnx
