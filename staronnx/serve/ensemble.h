// A model that is a graph of other models: each request goes through them step by step (ensemble_run.h), in the process.
//
//   define() -> the ensemble as it is configured -> check_models() with the models of its steps -> Ensemble
//
// It holds its models: those that are taken away meanwhile live until its last request is answered. One is made anew when one of them is
// replaced (catalog.h).
#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "staronnx/schedule/pipeline.h"
#include "staronnx/serve/ensemble_graph.h"
#include "staronnx/serve/model_config.h"
#include "staronnx/serve/model_settings.h"
#include "staronnx/serve/model_statistics.h"

namespace staronnx {

class EnsembleRun;
class ServedModel;
class Server;
struct TraceRecord;

// Immutable, but for the statistics, which go on when its models are replaced.
struct EnsembleDefinition {
  std::string name;
  std::int64_t version = 1;
  ModelConfig config;  // complete
  ModelSettings settings;
  Signature signature;  // signature_of()
  EnsembleGraph graph;
  std::shared_ptr<ModelStatistics> statistics;
};

// Of a configuration that is an ensemble's; as ModelConfig::settings().
Result<std::shared_ptr<const EnsembleDefinition>> define(const std::string& name, std::int64_t version, const ModelConfig& config,
                                                         const std::filesystem::path& folder);

struct BoundEnsemble {
  std::shared_ptr<const EnsembleDefinition> definition;
  std::vector<std::shared_ptr<ServedModel>> models;  // one per step of the graph, which check_models() found to fit

  bool operator==(const BoundEnsemble&) const = default;
};

// What the steps of a request have of it.
struct StepContext {
  std::string id;
  std::uint64_t priority = 0;
  Deadline deadline = Deadline::never();
  std::shared_ptr<TraceRecord> trace = {};  // null: the request is not traced
};

// Thread-safe, as a Pipeline, whose functions of the same names these are like.
class Ensemble {
 public:
  explicit Ensemble(BoundEnsemble bound) : bound_(std::move(bound)) {}
  ~Ensemble();  // waits for all requests

  const BoundEnsemble& bound() const { return bound_; }

  // `inputs`: one per input; `outputs`: as EnsembleRun's, as `done` and `server` are. Refuses as Pipeline::submit(), and when a first step is
  // refused.
  Result<RequestId> submit(const Server& server, StepContext context, std::vector<Tensor> inputs,
                           std::span<const std::size_t> outputs, Pipeline::Done done);
  void cancel(RequestId request);
  Status drain(Deadline deadline);
  Microseconds expected_wait() const;  // on the longest way through the steps

 private:
  void forget(RequestId request);

  const BoundEnsemble bound_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable all_gone_;
  bool draining_ = false;
  std::uint64_t next_ = 0;
  std::map<RequestId, std::weak_ptr<EnsembleRun>> runs_;  // until they, and all their steps, have ended
};

}  // namespace staronnx
