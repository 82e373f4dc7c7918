// A GpuExecutor that is one ONNX Runtime session whose inputs and outputs are bound to a device's memory. Private to this room.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "staronnx/execute/device_stream.h"
#include "staronnx/execute/gpu_executor.h"
#include "staronnx/execute/node_placement.h"
#include "staronnx/execute/ort.h"
#include "staronnx/execute/recorded_runs.h"

namespace staronnx {

class BoundExecutor final : public GpuExecutor {
 public:
  struct Parts {
    std::shared_ptr<const Ort::Env> environment;
    std::unique_ptr<DeviceStream> stream;
    std::unique_ptr<NodePlacement> placement;  // that listened to the session
    Ort::Session session;                      // computes on `stream`
    bool repeatable = true;                    // the same inputs give the same outputs, so that runs may be recorded
  };

  // `name` begins error messages. Throws Ort::Exception.
  BoundExecutor(std::string name, Signature signature, Parts parts);

  const Signature& signature() const override { return signature_; }
  std::string note() const override { return note_; }
  bool asynchronous() const override { return note_.empty(); }
  Status enqueue(std::span<const TensorView> inputs, std::span<OutputSlot> outputs) override;
  Result<GpuMemory> allocate(std::size_t bytes) override;
  Status copy(std::span<std::byte> to, std::span<const std::byte> from) override;
  Status synchronize() override { return parts_.stream->synchronize(); }

 private:
  Status check(std::span<const TensorView> inputs, std::span<OutputSlot> outputs) const;
  Status enqueue_anew(std::span<const TensorView> inputs, std::span<OutputSlot> outputs);
  void bind_inputs(std::span<const TensorView> inputs);
  void bind_outputs(std::span<OutputSlot> outputs, bool as_declared);
  void run_session(std::span<OutputSlot> outputs);
  Status place(std::span<const Ort::Value> values, std::span<OutputSlot> outputs);
  Status place(const Ort::Value& value, OutputSlot& slot);

  std::string name_;
  Signature signature_;
  Parts parts_;
  Ort::MemoryInfo memory_;
  Ort::Allocator allocator_;  // the session's
  std::string note_;
  Ort::RunOptions run_options_;
  Ort::IoBinding binding_;
  // What the file says about the shapes of its outputs was right so far; only then are their slots bound.
  bool declared_shapes_hold_ = true;
  std::optional<RecordedRuns> recorded_;  // where runs may be recorded
};

}  // namespace staronnx
