#include "staronnx/serve/served_model.h"

#include <algorithm>
#include <utility>

namespace staronnx {
namespace {

std::string best_variant(const Plan& plan) {
  const auto& forecasts = plan.prediction.forecasts;
  const auto best = std::ranges::max_element(forecasts, {}, &Forecast::threshold_per_s);
  return best == forecasts.end() ? plan.variants.front().name : best->variant;
}

}  // namespace

Result<std::unique_ptr<ServedModel>> ServedModel::load(Runtime& runtime, Engine& engine, const Plan& plan,
                                                       const std::filesystem::path& directory, const LoadRequest& request) {
  const Result<ModelConfig> config = request.config.value_or(ModelConfig(request.name)).completed(plan.signature);
  if (!config) return config.error();
  Result<ModelSettings> read = config->settings(request.folder);
  if (!read) return read.error();
  const ModelSettings& settings = *read;
  const std::string variant = settings.variant.empty() ? best_variant(plan) : settings.variant;
  PipelineOptions options;
  options.queue = settings.max_queue_size;
  options.share = settings.share;
  Result<std::unique_ptr<Pipeline>> pipeline = Pipeline::open(runtime, engine, plan, directory, variant, options);
  if (!pipeline) return pipeline.error();
  return std::make_unique<ServedModel>(request.name, request.version, *config, settings, *std::move(pipeline));
}

ServedModel::ServedModel(std::string name, std::int64_t version, ModelConfig config, ModelSettings settings,
                         std::unique_ptr<Pipeline> pipeline)
    : name_(std::move(name)),
      version_(version),
      config_(std::move(config)),
      settings_(std::move(settings)),
      pipeline_(std::move(pipeline)) {}

}  // namespace staronnx
