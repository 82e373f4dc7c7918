// One loaded version of one model, ready for requests.
//
// The catalog and those who are about to submit a request share it (Catalog::find). What is called with answers may name it without holding
// it: its pipeline lives until all are given.
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
#include "staronnx/serve/model_config.h"
#include "staronnx/serve/model_settings.h"
#include "staronnx/serve/model_statistics.h"
#include "staronnx/serve/request_check.h"

namespace staronnx {

struct LoadRequest {
  std::string name;
  std::int64_t version = 1;
  std::filesystem::path path;  // an ONNX file, planned in passing (plan_cache.h), or the directory of a plan, used as it is
  std::optional<ModelConfig> config = {};  // nothing: all is as the model says
  std::filesystem::path folder = {};       // of the model in its repository, for files that the configuration names
};

class ServedModel {
 public:
  // Blocks until the model is ready and warm. Refuses models with types that the protocol has no
  // word for, configurations that the model contradicts, and models that fail to warm up. `runtime` outlives the model.
  static Result<std::unique_ptr<ServedModel>> load(Runtime& runtime, Engine& engine, const Plan& plan,
                                                   const std::filesystem::path& directory, const LoadRequest& request);

  ServedModel(std::string name, std::int64_t version, ModelConfig config, ModelSettings settings,
              std::vector<std::string> processors, std::unique_ptr<Pipeline> pipeline);

  // Takes the tensors out of `request`, if it fits: as clients see the model, but for `inputs`, which are as Pipeline::submit() wants them.
  Result<FittingRequest> fit(InferenceRequest& request) const;

  const std::string& name() const { return name_; }
  std::int64_t version() const { return version_; }
  const ModelConfig& config() const { return config_; }  // complete
  const ModelSettings& settings() const { return settings_; }
  const ClientSignature& signature() const { return signature_; }
  const std::vector<std::string>& processors() const { return processors_; }  // names, by place of the runtime
  Pipeline& pipeline() { return *pipeline_; }
  ModelStatistics& statistics() { return statistics_; }
  const ModelStatistics& statistics() const { return statistics_; }

 private:
  const std::string name_;
  const std::int64_t version_;
  const ModelConfig config_;
  const ModelSettings settings_;
  const ClientSignature signature_;
  const std::vector<std::string> processors_;
  ModelStatistics statistics_;  // outlives the pipeline, whose last requests write it
  const std::unique_ptr<Pipeline> pipeline_;
};

}  // namespace staronnx
