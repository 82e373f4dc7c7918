// One run of a segment for several requests: their inputs stacked, their outputs handed back.
#pragma once

#include <span>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/execute/batching.h"
#include "staronnx/execute/engine.h"
#include "staronnx/model/tensor.h"

namespace staronnx {

// What one request brings, and where its outputs go.
struct BatchMember {
  std::span<const TensorView> inputs;
  std::span<OutputSlot> outputs;
};

// Whether requests with such inputs of `signature` may be stacked: optional inputs are left out, elements are whole bytes.
bool may_be_stacked(const Signature& signature, std::span<const TensorView> inputs);

// Equal types and shapes.
bool look_alike(std::span<const TensorView> inputs, std::span<const TensorView> others);

// Keeps its memory between runs. Not thread-safe.
class BatchRun {
 public:
  // `members` look alike, and may be stacked. Afterwards each one's outputs are as after a run for it alone. Fails, touching no output, when
  // the run fails and when an output cannot be handed back in equal parts.
  Status run(Executor& executor, std::span<const BatchMember> members);

 private:
  Status split(std::span<const BatchMember> members);

  std::vector<Stack> stacks_;  // by input
  std::vector<TensorView> inputs_;
  std::vector<TensorView> pieces_;
  std::vector<std::vector<std::byte>> memory_;  // by output
  std::vector<OutputSlot> outputs_;
};

}  // namespace staronnx
