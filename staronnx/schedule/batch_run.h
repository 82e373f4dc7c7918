// One run of a segment for several requests: their inputs are stacked, then each takes its outputs.
//
//   run(inputs of 3 requests) -> hand_out(0, ..) -> hand_out(1, ..) -> hand_out(2, ..)
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/execute/engine.h"
#include "staronnx/model/signature.h"
#include "staronnx/model/tensor.h"
#include "staronnx/schedule/run_device.h"

namespace staronnx {

// Whether requests with such inputs of `signature` may be stacked: optional inputs are left out, elements are whole bytes.
bool may_be_stacked(const Signature& signature, std::span<const TensorView> inputs);

// Equal types and shapes.
bool look_alike(std::span<const TensorView> inputs, std::span<const TensorView> others);

// Keeps its memory, which is the device's, between runs. Not thread-safe. On a GPU all of it goes through the stream.
class BatchRun {
 public:
  // `device` outlives it.
  explicit BatchRun(RunDevice& device) : device_(device) {}

  // `requests`: the inputs of each, which look alike and may be stacked. `outputs`: of one of them; their buffers, which stay untouched, say
  // how long the outputs of one request may be expected to be. Fails when the run fails, and when an output cannot be handed out in equal
  // parts; then there is nothing to be handed out.
  Status run(std::span<const std::span<const TensorView>> requests, std::span<const OutputSlot> outputs);

  // Of the last run; 0 when it failed, and after forget().
  std::size_t requests() const { return requests_; }
  void forget() { requests_ = 0; }

  // The outputs of one request of the last run, as if it had run alone.
  Status hand_out(std::size_t request, std::span<OutputSlot> outputs);

 private:
  // One tensor of all requests.
  struct Stack {
    RunDevice::Memory memory;
    std::size_t wanted = 0;  // bytes, at least, that the next run should find
    Shape shape;
  };

  Status make_room(Stack& stack, std::size_t bytes);
  Status stack_input(std::size_t input, std::span<const std::span<const TensorView>> requests);
  Status put(const TensorView& part, bool in_host, OutputSlot& slot);

  RunDevice& device_;
  std::size_t requests_ = 0;
  std::vector<Stack> input_stacks_, output_stacks_;
  std::vector<TensorView> inputs_;
  std::vector<OutputSlot> outputs_;
};

}  // namespace staronnx
