#include "staronnx/execute/gpu_session.h"

#include <string>
#include <unordered_map>
#include <utility>

#include <cuda_runtime_api.h>

#include "staronnx/execute/bound_executor.h"
#include "staronnx/model/model.h"

namespace staronnx {
namespace {

class CudaStream final : public DeviceStream {
 public:
  CudaStream(int ordinal, cudaStream_t stream) : ordinal_(ordinal), stream_(stream) {}

  Ort::MemoryInfo memory() const override { return {"Cuda", OrtDeviceAllocator, ordinal_, OrtMemTypeDefault}; }

  Status enter() override { return checked("taking it", cudaSetDevice(ordinal_)); }

  Status copy(std::span<std::byte> to, std::span<const std::byte> from) override {
    return checked("copying", cudaMemcpyAsync(to.data(), from.data(), from.size(), cudaMemcpyDefault, stream_));
  }

  Status synchronize() override { return checked("computing", cudaStreamSynchronize(stream_)); }

 private:
  Status checked(const char* doing, cudaError_t code) const {
    if (code == cudaSuccess) return {};
    return Error{ErrorCode::unavailable,
                 "GPU " + std::to_string(ordinal_) + ": " + doing + " failed: " + cudaGetErrorString(code)};
  }

  int ordinal_;
  cudaStream_t stream_;
};

// Nodes left to the CPU are computed by the calling thread.
Ort::SessionOptions options_on(int ordinal, std::unordered_map<std::string, std::string> choices, void* stream) {
  Ort::SessionOptions options = ort::options_for(CoreGroup{{0}, 0});
  options.SetGraphOptimizationLevel(ORT_ENABLE_ALL);
  Ort::CUDAProviderOptions cuda;
  choices["device_id"] = std::to_string(ordinal);
  cuda.Update(choices);
  if (stream != nullptr) cuda.UpdateWithValue("user_compute_stream", stream);
  options.AppendExecutionProvider_CUDA_V2(*cuda);
  return options;
}

std::unordered_map<std::string, std::string> choices_for(const GpuPlace& place) {
  std::unordered_map<std::string, std::string> choices{
      {"cudnn_conv_algo_search", "HEURISTIC"},
      {"arena_extend_strategy", "kSameAsRequested"},
      {"do_copy_in_default_stream", "1"}};  // copies between nodes, too: in the one stream
  if (place.memory_limit) choices["gpu_mem_limit"] = std::to_string(place.memory_limit->count);
  return choices;
}

Status check_gpu_takes(const std::string& name, const Signature& signature) {
  for (const std::vector<TensorInfo>& tensors : {signature.inputs, signature.outputs}) {
    for (const TensorInfo& tensor : tensors) {
      if (tensor.type != DataType::string) continue;
      return Error{ErrorCode::unsupported, name + ": '" + tensor.name + "' is of strings, which no GPU takes; run it on the CPU"};
    }
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<GpuExecutor>> open_on_gpu(std::shared_ptr<const Ort::Env> environment, const std::filesystem::path& model,
                                                 const GpuPlace& place) {
  const Result<Model> loaded = Model::load(model);
  if (!loaded) return loaded.error();
  const std::string name = model.filename().string();
  if (Status takes = check_gpu_takes("'" + model.string() + "'", loaded->signature()); !takes) return takes.error();
  auto stream = std::make_unique<CudaStream>(place.ordinal, static_cast<cudaStream_t>(place.stream));
  if (Status entered = stream->enter(); !entered) return with_context("'" + model.string() + "'", entered.error());
  if (place.stream == nullptr)
    return Error{ErrorCode::invalid_argument, "'" + model.string() + "' needs a stream of its worker's own"};
  Ort::SessionOptions options = options_on(place.ordinal, choices_for(place), place.stream);
  auto placement = std::make_unique<NodePlacement>();
  placement->listen(options);
  Ort::Session session(*environment, model.c_str(), options);
  return std::unique_ptr<GpuExecutor>(std::make_unique<BoundExecutor>(
      name, loaded->signature(),
      BoundExecutor::Parts{std::move(environment), std::move(stream), std::move(placement), std::move(session)}));
}

Result<Ort::Session> open_plain_on_gpu(const Ort::Env& environment, const std::filesystem::path& model, int ordinal) {
  return Ort::Session(environment, model.c_str(), options_on(ordinal, {}, nullptr));
}

}  // namespace staronnx
