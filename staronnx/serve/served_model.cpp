#include "staronnx/serve/served_model.h"

#include <algorithm>
#include <future>
#include <utility>

#include "staronnx/serve/queue_options.h"
#include "staronnx/serve/warmup.h"

namespace staronnx {
namespace {

Status run(ServedModel& model, InferenceRequest request) {
  Result<FittingRequest> fitting = model.fit(request);
  if (!fitting) return fitting.error();
  std::promise<Status> answered;
  const Result<RequestId> accepted = model.pipeline()->submit(
      std::move(fitting->inputs), {},
      [&answered](const Result<Response>& response) { answered.set_value(response ? Status() : Status(response.error())); });
  return accepted ? answered.get_future().get() : Status(accepted.error());
}

Status warm_up(ServedModel& model, const std::filesystem::path& folder) {
  const Result<std::vector<WarmupSample>> samples = warmup_samples(model.config(), folder);
  if (!samples) return samples.error();
  for (const WarmupSample& sample : *samples) {
    for (unsigned i = 0; i < sample.count; ++i) {
      InferenceRequest request{model.name()};
      request.inputs = sample.inputs;
      if (Status warm = run(model, std::move(request)); !warm) return with_context(sample.name, warm.error());
    }
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<ServedModel>> ServedModel::load(Runtime& runtime, Engine& engine, const Plan& plan,
                                                       const std::filesystem::path& directory, const LoadRequest& request) {
  Result<ModelConfig> config = request.config.value_or(ModelConfig(request.name)).completed(plan.signature);
  if (!config) return config.error();
  Result<ModelSettings> settings = config->settings(request.folder);
  if (!settings) return settings.error();
  Result<std::unique_ptr<Pipeline>> pipeline =
      Pipeline::open(runtime, engine, plan, directory, settings->variant, pipeline_options(*settings));
  if (!pipeline) return pipeline.error();
  std::vector<std::string> processors;
  for (const Place& place : runtime.places()) processors.push_back(place.name());
  auto model = std::make_unique<ServedModel>(request.name, request.version, *std::move(config), *std::move(settings),
                                             std::move(processors), *std::move(pipeline));
  if (Status warm = warm_up(*model, request.folder); !warm) return warm.error();
  return model;
}

Result<std::unique_ptr<ServedModel>> ServedModel::bind(BoundEnsemble ensemble) {
  const EnsembleDefinition& definition = *ensemble.definition;
  const ExpectedRequest own{definition.name, definition.signature, definition.settings.max_batch_size};
  std::vector<ExpectedRequest> models;
  for (const auto& model : ensemble.models) models.push_back(model->expected());
  if (Status fits = check_models(definition.graph, own, models); !fits) return fits.error();
  return std::make_unique<ServedModel>(std::make_unique<Ensemble>(std::move(ensemble)));
}

Result<FittingRequest> ServedModel::fit(InferenceRequest& request) const {
  Result<FittingRequest> fitting = staronnx::fit(expected(), request);
  if (fitting) fitting->inputs = signature_.to_model(std::move(fitting->inputs));
  return fitting;
}

ServedModel::ServedModel(std::string name, std::int64_t version, ModelConfig config, ModelSettings settings,
                         std::vector<std::string> processors, std::unique_ptr<Pipeline> pipeline)
    : name_(std::move(name)),
      version_(version),
      config_(std::move(config)),
      settings_(std::move(settings)),
      signature_(config_, pipeline->signature()),
      processors_(std::move(processors)),
      statistics_(std::make_shared<ModelStatistics>()),
      pipeline_(std::move(pipeline)) {}

ServedModel::ServedModel(std::unique_ptr<Ensemble> ensemble)
    : name_(ensemble->bound().definition->name),
      version_(ensemble->bound().definition->version),
      config_(ensemble->bound().definition->config),
      settings_(ensemble->bound().definition->settings),
      signature_(config_, ensemble->bound().definition->signature),
      processors_(ensemble->bound().models.front()->processors()),
      statistics_(ensemble->bound().definition->statistics),
      ensemble_(std::move(ensemble)) {}

std::size_t ServedModel::depth() const {
  std::size_t deepest = 0;
  if (ensemble_) {
    for (const auto& model : ensemble_->bound().models) deepest = std::max(deepest, model->depth() + 1);
  }
  return deepest;
}

void ServedModel::cancel(RequestId request) {
  ensemble_ ? ensemble_->cancel(request) : pipeline_->cancel(request);
}

Status ServedModel::drain(Deadline deadline) {
  return ensemble_ ? ensemble_->drain(deadline) : pipeline_->drain(deadline);
}

Microseconds ServedModel::expected_wait() const {
  return ensemble_ ? ensemble_->expected_wait() : pipeline_->expected_wait();
}

}  // namespace staronnx
