// One loaded version of one model, ready for requests: with a plan of its own, or an ensemble of others.
//
// The catalog and those who are about to submit a request share it (Catalog::find), and ensembles hold their models. What is called with answers
// may name it without holding it: its pipeline, or ensemble, lives until all are given.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/execute/engine.h"
#include "staronnx/machine/machine.h"
#include "staronnx/schedule/pipeline.h"
#include "staronnx/schedule/runtime.h"
#include "staronnx/serve/client_signature.h"
#include "staronnx/serve/ensemble.h"
#include "staronnx/serve/model_config.h"
#include "staronnx/serve/model_settings.h"
#include "staronnx/serve/model_statistics.h"
#include "staronnx/serve/request_check.h"

namespace staronnx {

struct LoadRequest {
  std::string name;
  std::int64_t version = 1;
  std::filesystem::path path;  // an ONNX file, planned in passing (plan_cache.h), or the directory of a plan, used as it is
  std::optional<ModelConfig> config =
      {};  // nothing: all is as the model says; of an ensemble: its steps, and `path` is the version's folder
  std::filesystem::path folder = {};  // of the model in its repository, for files that the configuration names
};

class ServedModel : public std::enable_shared_from_this<ServedModel> {
 public:
  // Blocks until the model is ready and warm. Refuses models with types that the protocol has no
  // word for, configurations that the model contradicts, and models that fail to warm up. `runtime` outlives the model.
  static Result<std::unique_ptr<ServedModel>> load(Runtime& runtime, Engine& engine, const Plan& plan,
                                                   const std::filesystem::path& directory, const LoadRequest& request);

  // Fails when the models are not what the steps want of them.
  static Result<std::unique_ptr<ServedModel>> bind(BoundEnsemble ensemble);

  ServedModel(std::string name, std::int64_t version, ModelConfig config, ModelSettings settings,
              std::vector<std::string> processors, std::unique_ptr<Pipeline> pipeline);
  explicit ServedModel(std::unique_ptr<Ensemble> ensemble);

  // Takes the tensors out of `request`, if it fits: as clients see the model, but for `inputs`, which are as Pipeline::submit() wants them.
  Result<FittingRequest> fit(InferenceRequest& request) const;
  ExpectedRequest expected() const { return {name_, signature_.clients(), settings_.max_batch_size}; }

  const std::string& name() const { return name_; }
  std::int64_t version() const { return version_; }
  const ModelConfig& config() const { return config_; }  // complete
  const ModelSettings& settings() const { return settings_; }
  const ClientSignature& signature() const { return signature_; }
  const std::vector<std::string>& processors() const { return processors_; }  // names, by place of the runtime
  ModelStatistics& statistics() { return *statistics_; }
  const ModelStatistics& statistics() const { return *statistics_; }

  // What requests are submitted to: one of them is null.
  Pipeline* pipeline() { return pipeline_.get(); }
  Ensemble* ensemble() { return ensemble_.get(); }

  std::size_t depth() const;  // of ensembles within each other; 0: it is none

  // As Pipeline's.
  void cancel(RequestId request);
  Status drain(Deadline deadline);
  Microseconds expected_wait() const;

 private:
  const std::string name_;
  const std::int64_t version_;
  const ModelConfig config_;
  const ModelSettings settings_;
  const ClientSignature signature_;
  const std::vector<std::string> processors_;
  const std::shared_ptr<ModelStatistics> statistics_;  // outlives the pipeline, whose last requests write it
  const std::unique_ptr<Pipeline> pipeline_;
  const std::unique_ptr<Ensemble> ensemble_;
};

}  // namespace staronnx
