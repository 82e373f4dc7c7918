#include "staronnx/serve/served_model.h"

#include <utility>

namespace staronnx {
Result<std::unique_ptr<ServedModel>> ServedModel::load(Runtime& runtime, Engine& engine, const Plan& plan,
                                                       const std::filesystem::path& directory, const LoadRequest& request) {
  Result<ModelConfig> config = request.config.value_or(ModelConfig(request.name)).completed(plan.signature);
  if (!config) return config.error();
  Result<ModelSettings> settings = config->settings(request.folder);
  if (!settings) return settings.error();
  PipelineOptions options;
  options.queue = settings->max_queue_size;
  options.share = settings->share;
  Result<std::unique_ptr<Pipeline>> pipeline = Pipeline::open(runtime, engine, plan, directory, settings->variant, options);
  if (!pipeline) return pipeline.error();
  std::vector<std::string> processors;
  for (const Place& place : runtime.places()) processors.push_back(place.name());
  return std::make_unique<ServedModel>(request.name, request.version, *std::move(config), *std::move(settings),
                                       std::move(processors), *std::move(pipeline));
}

ServedModel::ServedModel(std::string name, std::int64_t version, ModelConfig config, ModelSettings settings,
                         std::vector<std::string> processors, std::unique_ptr<Pipeline> pipeline)
    : name_(std::move(name)),
      version_(version),
      config_(std::move(config)),
      settings_(std::move(settings)),
      processors_(std::move(processors)),
      pipeline_(std::move(pipeline)) {}

}  // namespace staronnx
