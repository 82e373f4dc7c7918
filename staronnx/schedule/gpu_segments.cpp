#include "staronnx/schedule/gpu_segments.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "staronnx/schedule/gpu_choice.h"

namespace staronnx {
namespace {

// Of a GPU's memory, for weights and what nodes compute; StarPU may take a quarter (starpu_environment.cpp).
constexpr double kGpuShare = 0.7;

using Worker = Runtime::State::GpuWorker;
using Tensors = std::map<std::string, Tensor>;  // of one request, by name

GpuPlace place_of(const Worker& worker, GpuProvider provider) {
  const auto share = static_cast<std::uint64_t>(kGpuShare * static_cast<double>(worker.gpu.memory.count));
  return {worker.gpu.ordinal, worker.stream, Bytes{share / kWorkersPerGpu}, provider};
}

// As the plan was measured with; none where that is not known.
Tensors inputs_of(const Plan& plan) {
  Tensors tensors;
  if (plan.shapes.size() != plan.signature.inputs.size()) return tensors;
  std::vector<Tensor> inputs = random_inputs(plan.signature, plan.shapes, 1);
  for (std::size_t i = 0; i < inputs.size(); ++i) tensors.insert_or_assign(plan.signature.inputs[i].name, std::move(inputs[i]));
  return tensors;
}

// Nothing when one is not known.
std::optional<std::vector<Tensor>> inputs_of(const Segment& segment, const Tensors& tensors) {
  std::vector<Tensor> inputs;
  for (const std::string& name : segment.inputs) {
    const auto known = tensors.find(name);
    if (known == tensors.end()) return std::nullopt;
    inputs.push_back(copy_of(known->second.view()));
  }
  return inputs;
}

// An input whose shape the file leaves open; nothing when there is none.
const TensorInfo* open_input(const Signature& signature) {
  const auto open = std::ranges::find_if(
      signature.inputs, [](const TensorInfo& input) { return input.any_shape || std::ranges::count(input.shape, -1) > 0; });
  return open == signature.inputs.end() ? nullptr : &*open;
}

struct Choice {
  std::shared_ptr<GpuExecutor> executor;
  GpuProvider provider = GpuProvider::cuda;
  std::string why;  // for people
};

// One worker's, for its GPU, segment by segment.
class Choices {
 public:
  Choices(ExecutorFactory& engine, const std::filesystem::path& directory, Tensors inputs)
      : engine_(engine), directory_(directory), tensors_(std::move(inputs)) {}

  // `cuda`: the segment on `worker`.
  Result<Choice> choose(const Segment& segment, const Worker& worker, std::shared_ptr<GpuExecutor> cuda) {
    Choice choice{std::move(cuda), GpuProvider::cuda, {}};
    const std::optional<std::vector<Tensor>> inputs = inputs_of(segment, tensors_);
    if (const TensorInfo* open = open_input(choice.executor->signature())) {
      choice.why = "CUDA and not TensorRT, which is built for one shape: '" + open->name + "' has open dimensions";
      return choice;
    }
    if (!inputs) {
      choice.why = "CUDA and not TensorRT: it is not known what to try it with";
      return choice;
    }
    Result<std::unique_ptr<GpuExecutor>> tensorrt =
        engine_.prepare_on_gpu(directory_ / segment.file, place_of(worker, GpuProvider::tensorrt));
    if (!tensorrt) {
      choice.why = "CUDA, as TensorRT fails: " + tensorrt.error().message;
      return choice;
    }
    Result<GpuChoice> better = choose_on_gpu(*choice.executor, **tensorrt, *inputs, Clock::now);
    if (!better) return better.error();
    for (std::size_t i = 0; i < segment.outputs.size(); ++i)
      tensors_.insert_or_assign(segment.outputs[i], std::move(better->outputs[i]));
    if (better->provider == GpuProvider::tensorrt) choice.executor = *std::move(tensorrt);
    choice.provider = better->provider;
    choice.why = std::move(better->why);
    return choice;
  }

 private:
  ExecutorFactory& engine_;
  const std::filesystem::path& directory_;
  Tensors tensors_;
};

// The segments of one GPU: which provider each is for, once its first worker has tried.
using Providers = std::vector<GpuProvider>;

}  // namespace

Result<GpuExecutors> load_on_gpus(ExecutorFactory& engine, const Plan& plan, const std::filesystem::path& directory,
                                  const Variant& variant, std::span<const Worker> workers, std::vector<std::string>& notes) {
  GpuExecutors executors;
  std::map<int, Providers> chosen;  // by GPU
  for (const Worker& worker : workers) {
    const std::string where = " on gpu " + std::to_string(worker.gpu.ordinal) + ": ";
    Providers& providers = chosen[worker.gpu.ordinal];
    const bool choose = engine.has_tensorrt() && providers.empty();
    providers.resize(variant.segments.size());
    Choices choices(engine, directory, choose ? inputs_of(plan) : Tensors());
    std::vector<std::shared_ptr<GpuExecutor>>& of_worker = executors.emplace_back();
    for (std::size_t i = 0; i < variant.segments.size(); ++i) {
      const Segment& segment = variant.segments[i];
      Result<std::unique_ptr<GpuExecutor>> prepared =
          engine.prepare_on_gpu(directory / segment.file, place_of(worker, providers[i]));
      if (!prepared && prepared.error().code != ErrorCode::unsupported) return prepared.error();
      if (!prepared) notes.push_back(segment.file + where + prepared.error().message);
      std::shared_ptr<GpuExecutor>& executor = of_worker.emplace_back(prepared ? *std::move(prepared) : nullptr);
      if (executor && choose) {
        Result<Choice> choice = choices.choose(segment, worker, executor);
        if (!choice) return choice.error();
        executor = std::move(choice->executor);
        providers[i] = choice->provider;
        notes.push_back(segment.file + where + choice->why);
      }
      if (executor && !executor->note().empty()) notes.push_back(segment.file + where + executor->note());
    }
  }
  return executors;
}

}  // namespace staronnx
