#include "staronnx/serve/plan_cache.h"

#include <optional>
#include <set>

#include "staronnx/base/short_hash.h"
#include "staronnx/model/model.h"
#include "staronnx/plan/compile.h"

namespace staronnx {
namespace {

constexpr std::int64_t kUnknownSize = 128;

// Everything that a plan made in passing depends on, as the name of a directory.
std::string name_of(const std::string& model_hash, const Machine& machine, const PlanCache::Options& options,
                    const LoadRequest& request) {
  std::string key = machine.id() + '\n' + onnxruntime_version();
  for (const int width : options.widths) key += ' ' + std::to_string(width);
  for (const Gpu& gpu : machine.gpus) key += '\n' + gpu.name;
  for (const auto& [name, shape] : request.shapes) key += '\n' + name + ':' + to_string(shape);
  return model_hash + "-" + short_hash(key);
}

std::optional<PlanOnDisk> kept(const std::filesystem::path& directory, const std::string& model_hash, const Machine& machine) {
  Result<Plan> plan = load_plan(directory);
  if (!plan || plan->model_hash != model_hash || plan->machine != machine.id()) return std::nullopt;
  return PlanOnDisk{*std::move(plan), directory};
}

}  // namespace

ShapesByName shapes_to_plan(const Signature& signature, const ShapesByName& given) {
  std::set<std::string> batch;  // symbols of dimensions that may be the batch's
  for (const TensorInfo& input : signature.inputs) {
    if (!input.optional && !input.dimension_names.empty()) batch.insert(input.dimension_names.front());
  }
  ShapesByName shapes = given;
  for (const TensorInfo& input : signature.inputs) {
    if (input.optional || input.any_shape) continue;
    Shape shape = input.shape;
    for (std::size_t i = 0; i < shape.size(); ++i) {
      const bool of_batch = i == 0 || (!input.dimension_names[i].empty() && batch.contains(input.dimension_names[i]));
      if (shape[i] < 0) shape[i] = of_batch ? 1 : kUnknownSize;
    }
    if (shape != input.shape) shapes.emplace(input.name, std::move(shape));
  }
  return shapes;
}

Result<PlanOnDisk> PlanCache::plan_for(const LoadRequest& request) {
  std::error_code failure;
  if (std::filesystem::is_directory(request.path, failure)) {
    Result<Plan> plan = load_plan(request.path);
    if (!plan) return plan.error();
    return PlanOnDisk{*std::move(plan), request.path};
  }
  const Result<std::string> hash = hash_of(request.path);
  if (!hash) return hash.error();
  const std::filesystem::path directory = options_.directory / "plans" / name_of(*hash, machine_, options_, request);
  if (std::optional<PlanOnDisk> known = kept(directory, *hash, machine_)) return *std::move(known);
  const std::lock_guard lock(planning_);
  if (std::optional<PlanOnDisk> made_meanwhile = kept(directory, *hash, machine_)) return *std::move(made_meanwhile);
  return make(request, directory);
}

Result<PlanOnDisk> PlanCache::make(const LoadRequest& request, const std::filesystem::path& directory) const {
  const Result<Model> model = Model::load(request.path);
  if (!model) return model.error();
  CompileRequest wanted;
  wanted.model = request.path;
  wanted.directory = directory;
  wanted.cache = options_.directory;
  wanted.shapes = shapes_to_plan(model->signature(), request.shapes);
  wanted.widths = options_.widths;
  wanted.progress = [&, last = std::string()](const std::string& what, double) mutable {
    if (what != last) options_.progress(request.name, last = what);
  };
  Result<Plan> plan = compile(machine_, engine_, wanted);
  if (!plan) return plan.error();
  return PlanOnDisk{*std::move(plan), directory};
}

}  // namespace staronnx
