// The models that are served, by name and version.
//
//   load() -> loading -> ready -> unloading -> unavailable ("unloaded")
//                 \-> unavailable (why)
//
// A model that a repository has, but that cannot be loaded as it lies there, is known by that alone (blame()).
//
// An ensemble is ready while the models of its steps are. When one of them is replaced, it is bound to the new one, if that fits; else it keeps
// the one it has. When one is taken away, it is unavailable until there is another. Requests under way keep the models that they began with.
//
// Thread-safe. Models load side by side, each on a thread of the catalog's; what is there meanwhile can be read and used. But one at a
// time is planned, as its costs are measured.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "staronnx/base/deadline.h"
#include "staronnx/base/result.h"
#include "staronnx/serve/served_model.h"
#include "staronnx/serve/summary_options.h"

namespace staronnx {

enum class ModelState { loading, ready, unloading, unavailable };

std::string_view to_string(ModelState state);  // "LOADING", as the protocols say it

struct ModelStatus {
  std::string name;
  std::int64_t version = 1;  // 0: no version of it is known
  ModelState state = ModelState::loading;
  std::string reason = {};  // why it is unavailable; or, of what is ready, why it is not what its repository has now
  Seconds load_time{};      // of what is ready: how long it took
};

class Catalog {
 public:
  // Called once, on the thread that loaded: the model is ready, or why not. Must not wait for the catalog.
  using Loaded = std::function<void(const Status&)>;
  // Makes a model ready, however long that takes; called on threads of the catalog's, several at once.
  using Loader = std::function<Result<std::unique_ptr<ServedModel>>(const LoadRequest&)>;

  // `summaries`: of what requests to all models take.
  explicit Catalog(Loader loader, SummaryOptions summaries = {}) : loader_(std::move(loader)), summaries_(std::move(summaries)) {}
  // Waits for models that load, and for all requests. Nobody else may hold a model any more.
  ~Catalog();

  // Returns at once. An ensemble waits for those models of its steps that load then. A version that is served already goes on serving until the new one is ready and then takes no more requests, but
  // answers those it has; when the new one fails, it stays. A version that loads already: already_exists; an ensemble that is among its own
  // models, or theirs: invalid_argument; then `loaded` is not called.
  Status load(LoadRequest request, Loaded loaded = {});

  // Returns at once: takes the version away from requests to come; those it has are answered, then it dies. One that could not be loaded is
  // not missed any more. unavailable: it is being loaded; not_found.
  Status unload(const std::string& name, std::int64_t version);

  // The version asked for, or the highest that is ready. Whoever holds it may submit requests: a model that is taken away lives until the
  // last holder lets go, and dies on a thread of the catalog's when its last request is answered. So hold it briefly. Errors are what clients are told: of unknown names (invalid_argument),
  // unknown versions (not_found), and models that are not ready (unavailable).
  Result<std::shared_ptr<ServedModel>> find(const std::string& name, std::optional<std::int64_t> version) const;

  // All versions that are ready, ascending; errors as find()'s.
  Result<std::vector<std::shared_ptr<ServedModel>>> versions(const std::string& name) const;

  std::vector<std::shared_ptr<ServedModel>> all_ready() const;  // by name, then version

  // Says why a model cannot be loaded as it is in its repository now; "": nothing is wrong. What is ready of it stays so.
  void blame(const std::string& name, const std::string& reason);

  std::vector<ModelStatus> index() const;  // by name, then version
  // Nothing loads for the first time, and nothing is unavailable that was to be served.
  bool ready() const;

  bool busy() const;                          // something loads or dies, or who asked for it is being told
  bool loads(const std::string& name) const;  // a version of this model
  void settle() const;                        // waits until nothing loads

  // Takes no more loads, and lets every model answer the requests it has, until `deadline` at most; fails saying how many were lost.
  Status drain(Deadline deadline);

 private:
  struct Entry {
    ModelState state = ModelState::loading;
    std::string reason = {};
    bool loads = false;  // perhaps while another is ready
    Seconds load_time{};
    std::shared_ptr<ServedModel> model = {};                  // when ready
    std::shared_ptr<const EnsembleDefinition> ensemble = {};  // of an ensemble: what `model` is to be made of
    EnsembleGraph coming = {};                                // of an ensemble that loads
  };
  using Versions = std::map<std::int64_t, Entry>;
  using Gone = std::vector<std::shared_ptr<ServedModel>>;  // what dies without the mutex

  Status run_load(const LoadRequest& request);
  Status run_ensemble_load(const LoadRequest& request);
  // These with the mutex held.
  Result<std::shared_ptr<ServedModel>> look_up(const std::string& name, std::optional<std::int64_t> version) const;
  void end_load(Entry& entry, Clock::time_point begin, Gone& gone);
  bool leads_to(const EnsembleGraph& graph, const std::string& name) const;  // by its steps' models, or theirs
  Result<BoundEnsemble> find_models(const std::shared_ptr<const EnsembleDefinition>& ensemble) const;
  bool bind(Entry& entry, Gone& gone);  // an ensemble, to what is there now; whether its model has changed
  void bind_ensembles(Gone& gone);      // all
  void install(Entry& entry, std::unique_ptr<ServedModel> model, Gone& gone);
  bool is_ready(const std::string& name, const Versions& versions) const;  // with the mutex held
  static bool any_loads(const Versions& versions);
  bool none_loads() const;  // with the mutex held
  // Deleters, on any thread, without the mutex: when nobody is left who may submit requests, then when nobody is who cancels some, either.
  void retire(std::shared_ptr<ServedModel> model);
  void end(std::unique_ptr<ServedModel> ended);
  void in_background(std::function<void()> work);          // with the mutex held
  Error why_none_is_ready(const std::string& name) const;  // with the mutex held

  const Loader loader_;
  const SummaryOptions summaries_;
  mutable std::mutex mutex_;  // guards what follows
  mutable std::condition_variable changed_;
  std::map<std::string, Versions, std::less<>> models_;
  std::map<std::string, std::string> blamed_;  // why, by name of the model
  std::size_t working_ = 0;                    // background threads
  bool closing_ = false;
};

}  // namespace staronnx
