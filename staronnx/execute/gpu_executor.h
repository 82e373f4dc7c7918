// One model on one stream of one GPU: what a CUDA worker runs. From Engine::prepare_on_gpu (engine.h).
//
//   GpuPlace place{.ordinal = 0, .stream = starpu_cuda_get_local_stream(), .memory_limit = Bytes{2'000'000'000}};
//   enqueue(inputs, outputs) -> the worker returns -> the stream is synchronised -> the outputs are there
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/base/units.h"
#include "staronnx/execute/engine.h"

namespace staronnx {

// Whose code computes: ONNX Runtime's CUDA provider; or TensorRT's, with CUDA's for the nodes that it does not know.
enum class GpuProvider { cuda, tensorrt };

struct GpuPlace {
  int ordinal = 0;         // CUDA's number of the GPU
  void* stream = nullptr;  // a cudaStream_t of that GPU, the caller's; outlives the executor. None: one of the executor's own

  // Of the executor's own memory there: its weights, what its nodes compute and their workspaces. What CUDA itself takes for a process,
  // some hundred megabytes, is beside that. Absent: no limit.
  std::optional<Bytes> memory_limit = {};

  // With TensorRT, an engine built with EngineOptions::tensorrt. The model has no open dimensions: it is built for one shape, for seconds to
  // minutes when it is first met.
  GpuProvider provider = GpuProvider::cuda;
};

// Memory of a GPU's. `owner` keeps it.
struct GpuMemory {
  std::span<std::byte> bytes;
  std::shared_ptr<void> owner;
};

// Used by one thread at a time, and destroyed when nothing of it is left in the stream.
class GpuExecutor {
 public:
  virtual ~GpuExecutor() = default;

  virtual const Signature& signature() const = 0;

  // What is to be known of the way it runs: that ONNX Runtime leaves nodes to the CPU, how many of how many and which. Empty: nothing is.
  virtual std::string note() const = 0;

  // Whether enqueue() returns without waiting for the GPU: only when no node, input or output is the CPU's.
  virtual bool asynchronous() const = 0;

  // Puts a run into the stream; the third with inputs of the same shapes, and those after it, as a CUDA graph where that is possible
  // (recorded_runs.h). `inputs`: one per input, optional ones left out by DataType::undefined, `outputs`: one per
  // signature().outputs, in order; both in that GPU's memory, and untouched by others until the stream is synchronised. Inputs may be the
  // work of what was put into the stream before. An output whose shape the file states is computed straight into its slot's buffer,
  // another one is copied there, in the stream. One that does not fit comes to lie in `overflow`, in the host's memory, and that waits for
  // the GPU. After a success `view` shows type, shape and place of each output; the data is there when the stream is synchronised.
  // A failure of ONNX Runtime comes back as a value; buffers may then hold anything. Of a kernel that fails on its way only the
  // stream's synchronisation tells.
  virtual Status enqueue(std::span<const TensorView> inputs, std::span<OutputSlot> outputs) = 0;

  // Part of the executor's own memory, in its limit; fails when it has no room. Given back before the executor is destroyed: at once, since
  // whatever uses it next comes later in the stream.
  virtual Result<GpuMemory> allocate(std::size_t bytes) = 0;

  // Puts a copy into the stream, within the GPU's memory or between it and the host's. `to` has room.
  virtual Status copy(std::span<std::byte> to, std::span<const std::byte> from) = 0;

  // Waits for all that was put into the stream.
  virtual Status synchronize() = 0;
};

struct InputsOnGpu {
  std::vector<GpuMemory> memory;
  std::vector<TensorView> views;  // into `memory`
};

// Copies `inputs` into memory of the executor's and waits for that. Those left out stay left out.
Result<InputsOnGpu> copy_to_gpu(GpuExecutor& executor, std::span<const TensorView> inputs);

}  // namespace staronnx
