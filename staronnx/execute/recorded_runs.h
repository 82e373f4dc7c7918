// Runs of a session that come again with inputs of the same shapes, recorded at the second and played from the third on. Private to this
// room.
//
// Putting a run into a GPU's stream costs the calling thread some 5 us for each kernel; on a fast GPU that is more than the kernels take
// when one request is computed. A recording (a CUDA graph) is put there at once. It has inputs and outputs of its own, to and from which
// tensors are copied in the stream.
//
// What the run needs in between is the session's memory, which it has given back by then, and its graph uses all the same: nothing that
// has to outlast a run may be taken from the session's memory after recording, without forget().
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "staronnx/execute/device_stream.h"
#include "staronnx/execute/engine.h"
#include "staronnx/execute/ort.h"
#include "staronnx/model/signature.h"

namespace staronnx {

// Shapes of inputs for which runs are recorded; those that come later are not.
constexpr std::size_t kMostRecorded = 16;

class RecordedRuns {
 public:
  // All are the executor's, and outlive this.
  struct Parts {
    Ort::Session& session;
    DeviceStream& stream;
    Ort::Allocator& allocator;
    const Ort::MemoryInfo& memory;
    const Ort::RunOptions& run_options;
    const Signature& signature;
  };

  explicit RecordedRuns(Parts parts) : parts_(parts) {}

  // Tells of a run that was done without this, and its outputs.
  void saw(std::span<const TensorView> inputs, std::span<const Ort::Value> outputs);

  // Puts a run with inputs of these shapes, which saw() was told of, into the stream. Returns its outputs, which stay until the next call;
  // none when there was no such run, or the session's runs cannot be recorded.
  Result<std::span<const Ort::Value>> enqueue(std::span<const TensorView> inputs);

  // Recordings are made anew when they are next wanted.
  Status forget();

 private:
  struct Like {
    DataType type = DataType::undefined;
    Shape shape;
    std::size_t bytes = 0;
  };

  struct Run {
    std::vector<Like> inputs_like, outputs_like;
    std::vector<Ort::MemoryAllocation> memory;  // of its inputs, then its outputs
    std::vector<Ort::Value> outputs;
    std::unique_ptr<Ort::IoBinding> binding;
    std::unique_ptr<Recording> recording;
  };

  Run* find(std::span<const TensorView> inputs);
  void make_room(Run& run);
  Status copy_in(Run& run, std::span<const TensorView> inputs);
  void record(Run& run);

  Parts parts_;
  bool possible_ = true;  // nothing has shown yet that it is not
  std::vector<std::unique_ptr<Run>> runs_;
};

}  // namespace staronnx
