// Runs one model on one processor with ONNX Runtime.
//
// An Engine prepares model files for core groups; an Executor is one prepared model. Groups of one core share one session; a wider
// group has a session of its own, whose threads are pinned to the group's cores: the calling thread is the first core's, the
// caller pins it. All sessions of a file share its weights, prepacked ones included: N groups do not cost N copies. All sessions of the
// process take the memory of their runs from one arena, which holds what runs needed at its fullest moment, and gives none back while an
// Engine or Executor lives.
//
// With Provider::openvino every group has a session and a copy of the weights of its own, and its runs take turns. A run has no more
// threads than the group has cores, the caller among them; but the others may run on any core of the process (openvino_session.h).
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/base/units.h"
#include "staronnx/execute/provider.h"
#include "staronnx/machine/machine.h"
#include "staronnx/model/signature.h"

namespace staronnx {

class GpuExecutor;
struct GpuPlace;

// Where a run puts one output. The executor writes into `buffer` when the tensor fits; otherwise it keeps the data in
// `overflow`. After a successful run `view` shows the tensor, wherever it is; it is valid as long as both are untouched.
struct OutputSlot {
  std::span<std::byte> buffer;  // caller's memory, may be empty
  TensorView view;
  Shape shape;  // what view.shape points to
  std::vector<std::byte> overflow;
};

// Copies an output to where the slot's owner wants it. Returns where that is; the view stays the caller's to set.
std::span<const std::byte> place_in(OutputSlot& slot, std::span<const std::byte> data);

// Thread-safe: several threads may run one executor at once.
class Executor {
 public:
  virtual ~Executor() = default;

  virtual const Signature& signature() const = 0;

  // What is to be known of the way it runs: that the provider left nodes to another. Empty: nothing is.
  virtual std::string note() const { return {}; }

  // `inputs`: one per input, optional ones left out by DataType::undefined. `outputs`: one per signature().outputs, in order. Blocks
  // until done. Inputs are read where they are; an output whose shape the file, or the last run like it, tells is computed in its buffer.
  // A failure of ONNX Runtime comes back as a value and harms no other run; buffers may then hold anything.
  virtual Status run(std::span<const TensorView> inputs, std::span<OutputSlot> outputs) = 0;
};

// What readies models for processors. Pipelines know no more of an Engine, so that the simulator gives them executors that only take time.
class ExecutorFactory {
 public:
  virtual ~ExecutorFactory() = default;

  // Loads `model` for `group`; may take seconds. The executor outlives the factory if need be. Thread-safe.
  virtual Result<std::shared_ptr<Executor>> prepare(const std::filesystem::path& model, const CoreGroup& group,
                                                    Provider provider = Provider::cpu) = 0;

  // For one stream of one GPU (gpu_executor.h); may take seconds. Thread-safe; the executor outlives the factory if need be. Fails
  // (unsupported) for a model that GPUs do not run here.
  virtual Result<std::unique_ptr<GpuExecutor>> prepare_on_gpu(const std::filesystem::path& model, const GpuPlace& place) = 0;

  // Whether prepare_on_gpu() may be asked for TensorRT.
  virtual bool has_tensorrt() const = 0;
};

struct EngineOptions {
  // For weights in memory, of all models together, as large as they lie on disk. When a model needs more room than there is, those that
  // nobody ran for longest give back their sessions and weights, but never one that runs: with too many running at once the budget is
  // exceeded until runs end. Executors stay valid; the next run opens the session anew first, and if that fails, fails with the reason.
  // Giving back and opening anew take SqueezeNet 5 ms, ResNet-50 10 ms, DenseNet-121 13 ms, the weights being read from the page cache;
  // from a disk they take the disk's time. Not counted: the memory of runs, what ONNX Runtime needs while a model is prepared for the first
  // time, and models with OpenVINO, which give nothing back. No budget: nobody does.
  std::optional<Bytes> weights_budget = {};

  // A folder, made when needed, for what TensorRT builds of models. Given, models may be prepared with it on GPUs; then create() fails
  // (unsupported in builds without CUDA, else not_found) where TensorRT does not load.
  std::optional<std::filesystem::path> tensorrt = {};
};

class Engine final : public ExecutorFactory {
 public:
  static Result<std::unique_ptr<Engine>> create(const EngineOptions& options = {});
  ~Engine() override;

  // Optimised fully. While executors of a file live, its weights lie in the directory for temporary files (TMPDIR), which must have room for
  // them. A provider that the library does not have is refused (unsupported), OpenVINO for a model with open dimensions, too.
  Result<std::shared_ptr<Executor>> prepare(const std::filesystem::path& model, const CoreGroup& group,
                                            Provider provider = Provider::cpu) override;

  // ONNX Runtime as its users run it: `threads` intra-op threads (0: its own default), unpinned, spinning as it likes. The baseline of
  // comparisons and the reference of verification.
  Result<std::shared_ptr<Executor>> prepare_plain(const std::filesystem::path& model, int threads);
  // The same with every operator computed as the file has it, none fused with others: what it gives is as good a result as the optimised
  // one's, and as far from that as rounding takes it in this model.
  Result<std::shared_ptr<Executor>> prepare_unoptimized(const std::filesystem::path& model, int threads);

  // Optimised fully, with weights of its own; leaves the GPU as the calling thread's device. Fails (unsupported) in builds without CUDA and
  // for a model that takes or gives strings, with the reason where there is no GPU or the model does not fit into the memory.
  Result<std::unique_ptr<GpuExecutor>> prepare_on_gpu(const std::filesystem::path& model, const GpuPlace& place) override;

  bool has_tensorrt() const override;

  // ONNX Runtime's CUDA provider as its users run it: its own defaults and stream, inputs and outputs in the host's memory, copied in
  // each run. `gpu`: CUDA's number. Fails as prepare_on_gpu does.
  Result<std::shared_ptr<Executor>> prepare_plain_on_gpu(const std::filesystem::path& model, int gpu);
  Bytes weights_in_memory() const;  // that the budget counts

  struct State;  // private to this room
  explicit Engine(std::unique_ptr<State> state);

 private:
  std::unique_ptr<State> state_;
};

// "1.32.0"
std::string onnxruntime_version();

}  // namespace staronnx
