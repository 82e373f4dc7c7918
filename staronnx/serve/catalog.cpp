#include "staronnx/serve/catalog.h"

#include <algorithm>
#include <utility>

namespace staronnx {
namespace {

constexpr const char* kUnloaded = "unloaded";

std::string in_words(const std::string& name, std::int64_t version) {
  return "'" + name + "' version " + std::to_string(version);
}

}  // namespace

std::string_view to_string(ModelState state) {
  switch (state) {
    case ModelState::loading: return "LOADING";
    case ModelState::ready: return "READY";
    case ModelState::unloading: return "UNLOADING";
    case ModelState::unavailable: return "UNAVAILABLE";
  }
  return "UNKNOWN";
}

Catalog::~Catalog() {
  std::unique_lock lock(mutex_);
  closing_ = true;
  const auto idle = [this] { return working_ == 0; };
  changed_.wait(lock, idle);  // loads
  std::map<std::string, Versions, std::less<>> models = std::exchange(models_, {});
  lock.unlock();
  models.clear();
  lock.lock();
  changed_.wait(lock, idle);  // and what dies
}

void Catalog::in_background(std::function<void()> work) {
  ++working_;
  std::thread([this, work = std::move(work)]() mutable {
    work();
    work = nullptr;
    const std::lock_guard lock(mutex_);
    --working_;
    changed_.notify_all();
  }).detach();  // the destructor waits for it
}

void Catalog::retire(std::shared_ptr<ServedModel> model) {
  const std::lock_guard lock(mutex_);
  in_background([model = std::move(model)] {
    static_cast<void>(model->drain(Deadline::never()));  // without a deadline it cannot fail
  });
}

void Catalog::end(std::unique_ptr<ServedModel> ended) {
  const std::lock_guard lock(mutex_);
  in_background([this, model = std::shared_ptr<ServedModel>(std::move(ended))]() mutable {  // shared, as functions are copied
    const std::string name = model->name();
    const std::int64_t version = model->version();
    model.reset();
    const std::lock_guard relock(mutex_);
    const auto versions = models_.find(name);
    if (versions == models_.end()) return;
    Entry& gone = versions->second[version];
    if (gone.state != ModelState::unloading) return;
    gone.state = ModelState::unavailable;
    gone.reason = kUnloaded;
  });
}

Status Catalog::load(LoadRequest request, Loaded loaded) {
  const bool ensemble = request.config && request.config->is_ensemble();
  const std::lock_guard lock(mutex_);
  if (closing_) return Error{ErrorCode::unavailable, "the server ends; it loads no more models"};
  Entry& entry = models_[request.name][request.version];
  if (entry.loads)
    return Error{ErrorCode::already_exists, "model " + in_words(request.name, request.version) + " is being loaded already"};
  if (ensemble) entry.coming = graph_of(request.config->message());
  if (leads_to(entry.coming, request.name)) {
    entry.coming = {};
    entry.reason = "an ensemble cannot be among the models of its own steps, or of their steps; take it out of one of them";
    if (!entry.model) entry.state = ModelState::unavailable;
    return Error{ErrorCode::invalid_argument, entry.reason};
  }
  entry.loads = true;
  if (!entry.model) entry.state = ModelState::loading;
  in_background([this, ensemble, request = std::move(request), loaded = std::move(loaded)] {
    const Status status = ensemble ? run_ensemble_load(request) : run_load(request);
    if (loaded) loaded(status);
  });
  return {};
}

Status Catalog::run_load(const LoadRequest& request) {
  const Clock::time_point begin = Clock::now();
  Result<std::unique_ptr<ServedModel>> loaded = loader_(request);
  if (loaded && summaries_.on) (*loaded)->statistics().summarize(summaries_.quantiles);
  Gone gone;
  const std::lock_guard lock(mutex_);
  Entry& entry = models_[request.name][request.version];
  const Status status = loaded ? Status() : Status(loaded.error());
  entry.reason = status ? "" : status.error().message;
  if (status) {
    install(entry, *std::move(loaded), gone);
    entry.ensemble = nullptr;
  }
  end_load(entry, begin, gone);
  return status;
}

Status Catalog::run_ensemble_load(const LoadRequest& request) {
  const Clock::time_point begin = Clock::now();
  const Result<std::shared_ptr<const EnsembleDefinition>> defined =
      define(request.name, request.version, *request.config, request.folder);
  if (defined && summaries_.on) (*defined)->statistics->summarize(summaries_.quantiles);
  Gone gone;
  std::unique_lock lock(mutex_);
  Entry& entry = models_[request.name][request.version];
  const auto loads = [this](const EnsembleGraph::Step& step) {
    const auto versions = models_.find(step.model);
    return versions != models_.end() && any_loads(versions->second);
  };
  changed_.wait(lock, [&] { return std::ranges::none_of(entry.coming.steps, loads); });
  entry.coming = {};
  if (defined) entry.ensemble = *defined;
  entry.reason = defined ? "" : defined.error().message;
  end_load(entry, begin, gone);
  return entry.reason.empty() ? Status() : Error{ErrorCode::invalid_argument, entry.reason};
}

void Catalog::end_load(Entry& entry, Clock::time_point begin, Gone& gone) {
  entry.loads = false;
  if (!entry.model) entry.state = ModelState::unavailable;
  bind_ensembles(gone);
  if (entry.reason.empty()) entry.load_time = Clock::now() - begin;
  changed_.notify_all();
}

void Catalog::install(Entry& entry, std::unique_ptr<ServedModel> model, Gone& gone) {
  std::shared_ptr<ServedModel> alive(model.release(), [this](ServedModel* ended) { end(std::unique_ptr<ServedModel>(ended)); });
  ServedModel* const ready = alive.get();
  auto retired = [this, alive = std::move(alive)](ServedModel*) mutable { retire(std::move(alive)); };
  gone.push_back(std::exchange(entry.model, std::shared_ptr<ServedModel>(ready, std::move(retired))));
  entry.state = ModelState::ready;
}

bool Catalog::leads_to(const EnsembleGraph& graph, const std::string& name) const {
  const auto entry_does = [&](const auto& version) {
    const Entry& entry = version.second;
    return leads_to(entry.coming, name) || (entry.ensemble && leads_to(entry.ensemble->graph, name));
  };
  const auto step_does = [&](const EnsembleGraph::Step& step) {
    const auto versions = models_.find(step.model);
    return step.model == name || (versions != models_.end() && std::ranges::any_of(versions->second, entry_does));
  };
  return std::ranges::any_of(graph.steps, step_does);
}

Result<BoundEnsemble> Catalog::find_models(const std::shared_ptr<const EnsembleDefinition>& ensemble) const {
  BoundEnsemble bound{ensemble, {}};
  for (const EnsembleGraph::Step& step : ensemble->graph.steps) {
    Result<std::shared_ptr<ServedModel>> model = look_up(step.model, step.version);
    if (!model) return with_context(called(step), model.error());
    bound.models.push_back(*std::move(model));
  }
  return bound;
}

bool Catalog::bind(Entry& entry, Gone& gone) {
  Result<BoundEnsemble> models = find_models(entry.ensemble);
  if (models && entry.model && entry.model->ensemble()->bound() == *models) return false;
  Result<std::unique_ptr<ServedModel>> bound = models ? ServedModel::bind(*std::move(models)) : models.error();
  entry.reason = bound ? "" : bound.error().message;
  if (bound) {
    install(entry, *std::move(bound), gone);
    return true;
  }
  // It keeps models that were replaced, not those that were taken away.
  if (!entry.model || find_models(entry.model->ensemble()->bound().definition)) return false;
  gone.push_back(std::exchange(entry.model, nullptr));
  entry.state = entry.loads ? ModelState::loading : ModelState::unavailable;
  return true;
}

// Again as long as ensembles within ensembles change.
void Catalog::bind_ensembles(Gone& gone) {
  for (bool changed = true; changed;) {
    changed = false;
    for (auto& [name, versions] : models_) {
      for (auto& [version, entry] : versions) {
        if (entry.ensemble && bind(entry, gone)) changed = true;
      }
    }
  }
}

Status Catalog::unload(const std::string& name, std::int64_t version) {
  Gone gone;
  const std::lock_guard lock(mutex_);
  const auto versions = models_.find(name);
  const bool known = versions != models_.end() && versions->second.contains(version);
  Entry none{ModelState::unavailable, kUnloaded};
  Entry& entry = known ? versions->second[version] : none;
  if (entry.loads)
    return Error{ErrorCode::unavailable, "model " + in_words(name, version) + " is being loaded; try again when it is ready"};
  if (!entry.model && entry.reason == kUnloaded)
    return Error{ErrorCode::not_found, "model " + in_words(name, version) + " is not loaded; see the repository's index"};
  entry.state = entry.model ? ModelState::unloading : ModelState::unavailable;
  entry.reason = kUnloaded;
  entry.ensemble = nullptr;
  gone.push_back(std::exchange(entry.model, nullptr));
  bind_ensembles(gone);
  return {};
}

void Catalog::blame(const std::string& name, const std::string& reason) {
  const std::lock_guard lock(mutex_);
  if (reason.empty())
    blamed_.erase(name);
  else
    blamed_[name] = reason;
}

Error Catalog::why_none_is_ready(const std::string& name) const {
  const auto versions = models_.find(name);
  const auto blamed = blamed_.find(name);
  if (versions == models_.end() && blamed == blamed_.end())
    return {ErrorCode::invalid_argument, "Request for unknown model: '" + name + "' is not found"};
  std::string why = blamed == blamed_.end() ? "" : ": " + blamed->second;
  if (versions == models_.end())
    return {ErrorCode::unavailable, "Request for unknown model: '" + name + "' has no available versions" + why};
  for (const auto& [version, entry] : versions->second) {
    why += (why.empty() ? ": version " : ", version ") + std::to_string(version) + " is " + std::string(to_string(entry.state));
    if (!entry.reason.empty()) why += " (" + entry.reason + ")";
  }
  return {ErrorCode::unavailable, "Request for unknown model: '" + name + "' has no available versions" + why};
}

Result<std::vector<std::shared_ptr<ServedModel>>> Catalog::versions(const std::string& name) const {
  std::vector<std::shared_ptr<ServedModel>> ready;
  const std::lock_guard lock(mutex_);
  const auto versions = models_.find(name);
  if (versions == models_.end()) return why_none_is_ready(name);
  for (const auto& [version, entry] : versions->second) {
    if (entry.model) ready.push_back(entry.model);
  }
  if (ready.empty()) return why_none_is_ready(name);
  return ready;
}

Result<std::shared_ptr<ServedModel>> Catalog::find(const std::string& name, std::optional<std::int64_t> version) const {
  const std::lock_guard lock(mutex_);
  return look_up(name, version);
}

Result<std::shared_ptr<ServedModel>> Catalog::look_up(const std::string& name, std::optional<std::int64_t> version) const {
  const auto versions = models_.find(name);
  if (versions == models_.end()) return why_none_is_ready(name);
  for (auto entry = versions->second.rbegin(); entry != versions->second.rend(); ++entry) {
    if (entry->second.model && (!version || *version == entry->first)) return entry->second.model;
  }
  if (!version) return why_none_is_ready(name);
  const std::string what = "Request for unknown model: " + in_words(name, *version);
  if (versions->second.contains(*version)) return Error{ErrorCode::unavailable, what + " is not at ready state"};
  return Error{ErrorCode::not_found, what + " is not found"};
}

std::vector<std::shared_ptr<ServedModel>> Catalog::all_ready() const {
  std::vector<std::shared_ptr<ServedModel>> all;
  const std::lock_guard lock(mutex_);
  for (const auto& [name, versions] : models_) {
    for (const auto& [version, entry] : versions) {
      if (entry.model) all.push_back(entry.model);
    }
  }
  return all;
}

std::vector<ModelStatus> Catalog::index() const {
  const std::lock_guard lock(mutex_);
  std::vector<ModelStatus> all;
  for (const auto& [name, versions] : models_) {
    const auto blamed = blamed_.find(name);
    for (const auto& [version, entry] : versions) {
      const bool own_reason = blamed == blamed_.end() || (!entry.reason.empty() && entry.reason != kUnloaded);
      all.push_back({name, version, entry.state, own_reason ? entry.reason : blamed->second, entry.load_time});
    }
  }
  for (const auto& [name, reason] : blamed_) {
    if (!models_.contains(name)) all.push_back({name, 0, ModelState::unavailable, reason, {}});
  }
  std::ranges::stable_sort(all, {}, &ModelStatus::name);
  return all;
}

bool Catalog::is_ready(const std::string& name, const Versions& versions) const {
  const auto ready = [](const auto& version) { return version.second.state == ModelState::ready; };
  const auto unloaded = [](const auto& version) { return version.second.reason == kUnloaded; };
  if (blamed_.contains(name) && std::ranges::none_of(versions, ready)) return false;
  return std::ranges::all_of(versions, [&](const auto& version) { return ready(version) || unloaded(version); });
}

bool Catalog::ready() const {
  const std::lock_guard lock(mutex_);
  return std::ranges::all_of(blamed_, [&](const auto& blamed) { return models_.contains(blamed.first); }) &&
         std::ranges::all_of(models_, [&](const auto& model) { return is_ready(model.first, model.second); });
}

bool Catalog::any_loads(const Versions& versions) {
  return std::ranges::any_of(versions, [](const auto& version) { return version.second.loads; });
}

bool Catalog::none_loads() const {
  return std::ranges::none_of(models_, [](const auto& model) { return any_loads(model.second); });
}

bool Catalog::busy() const {
  const std::lock_guard lock(mutex_);
  return working_ > 0;
}

bool Catalog::loads(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto versions = models_.find(name);
  return versions != models_.end() && any_loads(versions->second);
}

void Catalog::settle() const {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return none_loads(); });
}

Status Catalog::drain(Deadline deadline) {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  std::vector<std::shared_ptr<ServedModel>> models = all_ready();
  std::ranges::stable_sort(models, std::greater(), [](const auto& model) { return model->depth(); });
  Status worst;
  for (const auto& model : models) {
    if (Status drained = model->drain(deadline); !drained) worst = with_context("model '" + model->name() + "'", drained.error());
  }
  return worst;
}

}  // namespace staronnx
