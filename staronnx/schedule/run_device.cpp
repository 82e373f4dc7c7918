#include "staronnx/schedule/run_device.h"

#include <algorithm>
#include <utility>

namespace staronnx {
namespace {

class OnCores final : public RunDevice {
 public:
  explicit OnCores(std::shared_ptr<Executor> executor) : executor_(std::move(executor)) {}

  Status run(std::span<const TensorView> inputs, std::span<OutputSlot> outputs) override {
    return executor_->run(inputs, outputs);
  }

  Result<Memory> allocate(std::size_t bytes) override {
    auto memory = std::make_shared<Tensor>(Tensor::for_overwrite(DataType::uint8, {}, bytes));
    return Memory{memory->data(), memory};
  }

  Status copy(std::span<std::byte> to, std::span<const std::byte> from) override {
    std::ranges::copy(from, to.begin());
    return {};
  }

  Status wait() override { return {}; }

 private:
  std::shared_ptr<Executor> executor_;
};

class OnGpu final : public RunDevice {
 public:
  explicit OnGpu(std::shared_ptr<GpuExecutor> executor) : executor_(std::move(executor)) {}

  Status run(std::span<const TensorView> inputs, std::span<OutputSlot> outputs) override {
    return executor_->enqueue(inputs, outputs);
  }

  Result<Memory> allocate(std::size_t bytes) override {
    Result<GpuMemory> memory = executor_->allocate(bytes);
    if (!memory) return memory.error();
    return Memory{memory->bytes, std::move(memory->owner)};
  }

  Status copy(std::span<std::byte> to, std::span<const std::byte> from) override { return executor_->copy(to, from); }
  Status wait() override { return executor_->synchronize(); }

 private:
  std::shared_ptr<GpuExecutor> executor_;
};

}  // namespace

std::unique_ptr<RunDevice> device_of(std::shared_ptr<Executor> executor) {
  return std::make_unique<OnCores>(std::move(executor));
}

std::unique_ptr<RunDevice> device_of(std::shared_ptr<GpuExecutor> executor) {
  return std::make_unique<OnGpu>(std::move(executor));
}

}  // namespace staronnx
