#include "staronnx/execute/gpu_session.h"

#include <dlfcn.h>

#include <algorithm>
#include <set>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <cuda_runtime_api.h>

#include "staronnx/execute/bound_executor.h"
#include "staronnx/model/model.h"

namespace staronnx {
namespace {

Status checked(int ordinal, const char* doing, cudaError_t code) {
  if (code == cudaSuccess) return {};
  return Error{ErrorCode::unavailable, "GPU " + std::to_string(ordinal) + ": " + doing + " failed: " + cudaGetErrorString(code)};
}

bool in_a_gpus_memory(const void* address) {
  cudaPointerAttributes attributes{};
  return cudaPointerGetAttributes(&attributes, address) == cudaSuccess && attributes.type == cudaMemoryTypeDevice;
}

// Whether a node does the same whenever it is played: what it needs of the host's memory, say, may be gone by then.
bool may_be_played(cudaGraphNode_t node) {
  cudaGraphNodeType type{};
  if (cudaGraphNodeGetType(node, &type) != cudaSuccess) return false;
  if (type != cudaGraphNodeTypeMemcpy) {
    return type == cudaGraphNodeTypeKernel || type == cudaGraphNodeTypeMemset || type == cudaGraphNodeTypeEmpty ||
           type == cudaGraphNodeTypeMemAlloc || type == cudaGraphNodeTypeMemFree;
  }
  cudaMemcpy3DParms copy{};
  return cudaGraphMemcpyNodeGetParams(node, &copy) == cudaSuccess && in_a_gpus_memory(copy.srcPtr.ptr) &&
         in_a_gpus_memory(copy.dstPtr.ptr);
}

using Graph = std::unique_ptr<CUgraph_st, decltype(&cudaGraphDestroy)>;

bool may_be_played(const Graph& graph) {
  std::size_t number = 0;
  if (graph == nullptr || cudaGraphGetNodes(graph.get(), nullptr, &number) != cudaSuccess) return false;
  std::vector<cudaGraphNode_t> nodes(number);
  return cudaGraphGetNodes(graph.get(), nodes.data(), &number) == cudaSuccess &&
         std::ranges::all_of(nodes, [](cudaGraphNode_t node) { return may_be_played(node); });
}

class CudaRecording final : public Recording {
 public:
  CudaRecording(int ordinal, cudaStream_t stream, cudaGraphExec_t graph) : ordinal_(ordinal), stream_(stream), graph_(graph) {}
  ~CudaRecording() override { cudaGraphExecDestroy(graph_); }
  CudaRecording(const CudaRecording&) = delete;
  CudaRecording& operator=(const CudaRecording&) = delete;

  Status play() override { return checked(ordinal_, "computing", cudaGraphLaunch(graph_, stream_)); }

 private:
  int ordinal_;
  cudaStream_t stream_;
  cudaGraphExec_t graph_;
};

class CudaStream final : public DeviceStream {
 public:
  // Of the calling thread's device; with no stream, one of its own.
  CudaStream(int ordinal, cudaStream_t stream) : ordinal_(ordinal), stream_(stream), own_(stream == nullptr) {
    if (own_ && cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking) != cudaSuccess)
      throw std::runtime_error("GPU " + std::to_string(ordinal) + " gives no stream");
  }
  ~CudaStream() override {
    if (own_) cudaStreamDestroy(stream_);
  }
  CudaStream(const CudaStream&) = delete;
  CudaStream& operator=(const CudaStream&) = delete;

  cudaStream_t get() const { return stream_; }

  Ort::MemoryInfo memory() const override { return {"Cuda", OrtDeviceAllocator, ordinal_, OrtMemTypeDefault}; }

  Status enter() override { return checked(ordinal_, "taking it", cudaSetDevice(ordinal_)); }

  Status copy(std::span<std::byte> to, std::span<const std::byte> from) override {
    return checked(ordinal_, "copying", cudaMemcpyAsync(to.data(), from.data(), from.size(), cudaMemcpyDefault, stream_));
  }

  Status synchronize() override { return checked(ordinal_, "computing", cudaStreamSynchronize(stream_)); }

  Result<std::unique_ptr<Recording>> record(const std::function<void()>& work) override {
    // What other threads do meanwhile is no part of it, and is not forbidden.
    const cudaError_t began = cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal);
    if (Status recording = checked(ordinal_, "recording", began); !recording) return recording.error();
    try {
      work();
    } catch (...) {
      end_recording();
      throw;
    }
    const Graph graph = end_recording();
    cudaGraphExec_t ready = nullptr;
    if (!may_be_played(graph) || cudaGraphInstantiate(&ready, graph.get(), 0) != cudaSuccess) {
      cudaGetLastError();  // told here
      return Error{ErrorCode::unsupported, "GPU " + std::to_string(ordinal_) + ": the run cannot be recorded"};
    }
    return std::unique_ptr<Recording>(std::make_unique<CudaRecording>(ordinal_, stream_, ready));
  }

 private:
  // None when something was done that cannot be recorded.
  Graph end_recording() {
    cudaGraph_t graph = nullptr;
    if (cudaStreamEndCapture(stream_, &graph) != cudaSuccess) cudaGetLastError();
    return {graph, &cudaGraphDestroy};
  }

  int ordinal_;
  cudaStream_t stream_;
  bool own_;
};

// Nodes left to the CPU are computed by the calling thread.
Ort::SessionOptions options_with_gpu() {
  Ort::SessionOptions options = ort::options_for(CoreGroup{{0}, 0});
  options.SetGraphOptimizationLevel(ORT_ENABLE_ALL);
  return options;
}

void append_cuda(Ort::SessionOptions& options, int ordinal, std::unordered_map<std::string, std::string> choices, void* stream) {
  Ort::CUDAProviderOptions cuda;
  choices["device_id"] = std::to_string(ordinal);
  cuda.Update(choices);
  if (stream != nullptr) cuda.UpdateWithValue("user_compute_stream", stream);
  options.AppendExecutionProvider_CUDA_V2(*cuda);
}

// Before CUDA, which gets what TensorRT leaves. `folder`: of what it builds.
void append_tensorrt(Ort::SessionOptions& options, const GpuPlace& place, void* stream, const std::filesystem::path& folder) {
  const OrtApi& api = Ort::GetApi();
  OrtTensorRTProviderOptionsV2* made = nullptr;
  Ort::ThrowOnError(api.CreateTensorRTProviderOptions(&made));
  const std::unique_ptr<OrtTensorRTProviderOptionsV2, decltype(api.ReleaseTensorRTProviderOptions)> tensorrt(
      made, api.ReleaseTensorRTProviderOptions);
  const std::string device = std::to_string(place.ordinal), cache = folder.string(),
                    workspace = std::to_string(place.memory_limit.value_or(Bytes{}).count);
  std::vector<const char*> keys{"device_id", "trt_engine_cache_enable", "trt_engine_cache_path", "trt_timing_cache_enable",
                                "trt_timing_cache_path"};
  std::vector<const char*> values{device.c_str(), "1", cache.c_str(), "1", cache.c_str()};
  if (place.memory_limit) keys.push_back("trt_max_workspace_size"), values.push_back(workspace.c_str());
  Ort::ThrowOnError(api.UpdateTensorRTProviderOptions(tensorrt.get(), keys.data(), values.data(), keys.size()));
  Ort::ThrowOnError(api.UpdateTensorRTProviderOptionsWithValue(tensorrt.get(), "user_compute_stream", stream));
  options.AppendExecutionProvider_TensorRT_V2(*tensorrt);
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

// Whether a run depends on nothing but its inputs. Of operators that are neither ONNX's nor ONNX Runtime's nobody knows.
bool is_repeatable(const Model& model) {
  static const std::set<std::string> known{"", "ai.onnx", "ai.onnx.ml", "com.microsoft"};
  static const std::set<std::string> random{"RandomNormal",      "RandomNormalLike", "RandomUniform",
                                            "RandomUniformLike", "Multinomial",      "Bernoulli"};
  return std::ranges::none_of(model.nodes(), [](const ModelNode& node) {
    const bool training = node.op_type == "Dropout" && node.inputs.size() > 2 && !node.inputs[2].empty();
    return training || random.contains(node.op_type) || !known.contains(node.domain);
  });
}

}  // namespace

Status check_tensorrt() {
  for (const char* library : {"libnvinfer.so.10", "libnvonnxparser.so.10"}) {  // as ONNX Runtime's wheel wants it
    if (::dlopen(library, RTLD_LAZY | RTLD_LOCAL) != nullptr) continue;
    return Error{ErrorCode::not_found, std::string("TensorRT does not load (") + ::dlerror() +
                                           "); install TensorRT 10 for CUDA 13, NVIDIA's packages libnvinfer10 and "
                                           "libnvonnxparsers10 or a folder of its libraries in LD_LIBRARY_PATH, or do without"};
  }
  return {};
}

Result<std::unique_ptr<GpuExecutor>> open_on_gpu(std::shared_ptr<const Ort::Env> environment, const std::filesystem::path& model,
                                                 const GpuPlace& place, const std::filesystem::path& tensorrt) {
  const Result<Model> loaded = Model::load(model);
  if (!loaded) return loaded.error();
  const std::string name = model.filename().string();
  if (Status takes = check_gpu_takes("'" + model.string() + "'", loaded->signature()); !takes) return takes.error();
  if (Status entered = checked(place.ordinal, "taking it", cudaSetDevice(place.ordinal)); !entered)
    return with_context("'" + model.string() + "'", entered.error());
  auto stream = std::make_unique<CudaStream>(place.ordinal, static_cast<cudaStream_t>(place.stream));
  Ort::SessionOptions options = options_with_gpu();
  if (place.provider == GpuProvider::tensorrt) append_tensorrt(options, place, stream->get(), tensorrt);
  append_cuda(options, place.ordinal, choices_for(place), stream->get());
  auto placement = std::make_unique<NodePlacement>();
  placement->listen(options);
  Ort::Session session(*environment, model.c_str(), options);
  return std::unique_ptr<GpuExecutor>(std::make_unique<BoundExecutor>(
      name, loaded->signature(),
      BoundExecutor::Parts{std::move(environment), std::move(stream), std::move(placement), std::move(session),
                           place.provider == GpuProvider::cuda && is_repeatable(*loaded)}));
}

Result<Ort::Session> open_plain_on_gpu(const Ort::Env& environment, const std::filesystem::path& model, int ordinal) {
  Ort::SessionOptions options = options_with_gpu();
  append_cuda(options, ordinal, {}, nullptr);
  return Ort::Session(environment, model.c_str(), options);
}

}  // namespace staronnx
