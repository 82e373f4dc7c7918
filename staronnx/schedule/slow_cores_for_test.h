// Cores that are slow beside GPUs and nodes, though a test's model is small.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <thread>
#include <utility>

#include "staronnx/execute/engine.h"
#include "staronnx/execute/gpu_executor.h"

namespace staronnx {

// What its executors of core groups run takes that much longer. Not noticed on GPUs, nor by nodes, which have engines of their own.
class SlowCores final : public ExecutorFactory {
 public:
  explicit SlowCores(Microseconds longer) : longer_(longer) {}

  Result<std::shared_ptr<Executor>> prepare(const std::filesystem::path& model, const CoreGroup& group,
                                            Provider provider) override {
    Result<std::shared_ptr<Executor>> executor = engine_->prepare(model, group, provider);
    if (executor) *executor = std::make_shared<Slow>(*std::move(executor), longer_);
    return executor;
  }
  Result<std::unique_ptr<GpuExecutor>> prepare_on_gpu(const std::filesystem::path& model, const GpuPlace& place) override {
    return engine_->prepare_on_gpu(model, place);
  }
  bool has_tensorrt() const override { return engine_->has_tensorrt(); }

 private:
  class Slow final : public Executor {
   public:
    Slow(std::shared_ptr<Executor> executor, Microseconds longer) : executor_(std::move(executor)), longer_(longer) {}
    const Signature& signature() const override { return executor_->signature(); }
    Status run(std::span<const TensorView> inputs, std::span<OutputSlot> outputs) override {
      std::this_thread::sleep_for(longer_);
      return executor_->run(inputs, outputs);
    }

   private:
    std::shared_ptr<Executor> executor_;
    const Microseconds longer_;
  };

  std::unique_ptr<Engine> engine_ = *Engine::create();
  const Microseconds longer_;
};

}  // namespace staronnx
