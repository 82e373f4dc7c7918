#include "staronnx/bench/systems.h"

#include <algorithm>
#include <span>
#include <utility>

#include "staronnx/bench/pipeline_system.h"
#include "staronnx/bench/plain_system.h"
#include "staronnx/schedule/pipeline.h"

namespace staronnx {
namespace {

using Systems = std::vector<std::unique_ptr<System>>;

Result<std::vector<std::size_t>> input_positions(const Signature& of_executor, const Signature& of_plan) {
  std::vector<std::size_t> positions;
  for (const TensorInfo& input : of_executor.inputs) {
    const auto found = std::ranges::find(of_plan.inputs, input.name, &TensorInfo::name);
    if (found == of_plan.inputs.end()) {
      return Error{ErrorCode::internal,
                   "the plan's whole model wants input '" + input.name + "', which the plan does not know; make the plan anew"};
    }
    positions.push_back(static_cast<std::size_t>(found - of_plan.inputs.begin()));
  }
  return positions;
}

std::vector<Bytes> output_sizes(const Signature& of_executor, const Plan& plan) {
  std::vector<Bytes> sizes;
  for (const TensorInfo& output : of_executor.outputs) {
    const auto tensor = plan.tensors.find(output.name);
    sizes.push_back(tensor == plan.tensors.end() ? Bytes{} : tensor->second.bytes);
  }
  return sizes;
}

using Executors = std::vector<std::shared_ptr<Executor>>;

Status add_plain(const Plan& plan, const Requests& requests, const std::string& name, const Executors& executors, int callers,
                 Systems& systems) {
  const Signature& signature = executors.front()->signature();
  Result<std::vector<std::size_t>> inputs = input_positions(signature, plan.signature);
  if (!inputs) return inputs.error();
  systems.push_back(plain_system(
      executors, {.name = name, .threads = callers, .inputs = *std::move(inputs), .output_sizes = output_sizes(signature, plan)},
      requests));
  return {};
}

// `session_threads` 0: ONNX Runtime's own default.
Status add_on_cores(Engine& engine, const Plan& plan, const Requests& requests, const std::filesystem::path& model,
                    const std::string& name, int session_threads, int callers, Systems& systems) {
  Result<std::shared_ptr<Executor>> executor = engine.prepare_plain(model, session_threads);
  if (!executor) return with_context(name, executor.error());
  return add_plain(plan, requests, name, {*executor}, callers, systems);
}

Status add_on_gpus(Engine& engine, const Plan& plan, const Requests& requests, const std::filesystem::path& model,
                   std::span<const Gpu> gpus, Systems& systems) {
  constexpr int callers = 2;
  const std::string name = gpus.size() == 1 ? "ORT on the GPU" : "ORT on " + std::to_string(gpus.size()) + " GPUs";
  Executors executors;
  for (const Gpu& gpu : gpus) {
    Result<std::shared_ptr<Executor>> executor = engine.prepare_plain_on_gpu(model, gpu.ordinal);
    if (!executor) return with_context(name, executor.error());
    executors.push_back(*std::move(executor));
  }
  return add_plain(plan, requests, name, executors, callers, systems);
}

// `variant`: its name; empty: chosen for each request.
Status add_variant(Runtime& runtime, Engine& engine, const Plan& plan, const Requests& requests,
                   const std::filesystem::path& directory, const std::string& variant, Systems& systems) {
  const std::string name = variant.empty() ? "StarONNX" : "StarONNX " + variant;
  Result<std::unique_ptr<Pipeline>> pipeline = Pipeline::open(runtime, engine, plan, directory, variant, {});
  if (!pipeline) return with_context(name, pipeline.error());
  systems.push_back(pipeline_system(name, std::move(*pipeline), requests));
  return {};
}

}  // namespace

Result<Systems> open_systems(Runtime& runtime, Engine& engine, const Plan& plan, const std::filesystem::path& directory,
                             const Machine& machine, const Requests& requests) {
  Systems systems;
  const std::filesystem::path model = directory / plan.variants.front().segments.front().file;
  const int cores = static_cast<int>(machine.cores.size());
  if (Status added = add_on_cores(engine, plan, requests, model, "ORT all cores", 0, 1, systems); !added) return added.error();
  if (Status added = add_on_cores(engine, plan, requests, model, "ORT 1 thread per core", 1, cores, systems); !added)
    return added.error();
  if (!machine.gpus.empty()) {
    if (Status added = add_on_gpus(engine, plan, requests, model, machine.gpus, systems); !added) return added.error();
  }
  for (const Variant& variant : plan.variants)
    if (Status added = add_variant(runtime, engine, plan, requests, directory, variant.name, systems); !added)
      return added.error();
  const bool elsewhere = std::ranges::any_of(runtime.places(), [](const Place& place) { return place.memory != 0; });
  if (elsewhere && plan.variants.size() > 1) {
    if (Status added = add_variant(runtime, engine, plan, requests, directory, "", systems); !added) return added.error();
  }
  return systems;
}

}  // namespace staronnx
