#include "staronnx/serve/served_model.h"

#include <algorithm>
#include <utility>

#include "staronnx/serve/datatype_name.h"

namespace staronnx {
namespace {

Status check_types(const std::vector<TensorInfo>& tensors, const char* kind) {
  for (const TensorInfo& tensor : tensors) {
    if (tensor.optional || !datatype_name(tensor.type).empty()) continue;
    return Error{ErrorCode::unsupported, std::string(kind) + " '" + tensor.name + "' is " + std::string(to_string(tensor.type)) +
                                             ", which the protocol has no word for; cast it in the model"};
  }
  return {};
}

// That batches can be what the settings say.
Status check_batches(const Signature& signature, std::int64_t max_batch_size) {
  if (max_batch_size == 0) return {};
  for (const auto* tensors : {&signature.inputs, &signature.outputs}) {
    for (const TensorInfo& tensor : *tensors) {
      if (tensor.optional || tensor.any_shape || (!tensor.shape.empty() && tensor.shape[0] < 0)) continue;
      return Error{ErrorCode::invalid_argument,
                   "max_batch_size is " + std::to_string(max_batch_size) + ", but the first dimension of '" + tensor.name +
                       "' (" + to_string(tensor.shape) + ") is fixed in the model; export it dynamic, or set max_batch_size 0"};
    }
  }
  return {};
}

std::string best_variant(const Plan& plan) {
  const auto& forecasts = plan.prediction.forecasts;
  const auto best = std::ranges::max_element(forecasts, {}, &Forecast::threshold_per_s);
  return best == forecasts.end() ? plan.variants.front().name : best->variant;
}

}  // namespace

Result<std::unique_ptr<ServedModel>> ServedModel::load(Runtime& runtime, Engine& engine, const Plan& plan,
                                                       const std::filesystem::path& directory, const LoadRequest& request) {
  const ModelSettings& settings = request.settings;
  if (Status known = check_types(plan.signature.inputs, "input"); !known) return known.error();
  if (Status known = check_types(plan.signature.outputs, "output"); !known) return known.error();
  if (Status fit = check_batches(plan.signature, settings.max_batch_size); !fit) return fit.error();
  const std::string variant = settings.variant.empty() ? best_variant(plan) : settings.variant;
  PipelineOptions options;
  options.queue = settings.max_queue_size;
  options.share = settings.share;
  Result<std::unique_ptr<Pipeline>> pipeline = Pipeline::open(runtime, engine, plan, directory, variant, options);
  if (!pipeline) return pipeline.error();
  return std::make_unique<ServedModel>(request.name, request.version, settings, *std::move(pipeline));
}

ServedModel::ServedModel(std::string name, std::int64_t version, ModelSettings settings, std::unique_ptr<Pipeline> pipeline)
    : name_(std::move(name)), version_(version), settings_(std::move(settings)), pipeline_(std::move(pipeline)) {}

}  // namespace staronnx
