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

void Catalog::retire(std::unique_ptr<ServedModel> model) {
  const std::lock_guard lock(mutex_);
  in_background([this, model = std::shared_ptr<ServedModel>(std::move(model))]() mutable {  // shared, as functions are copied
    static_cast<void>(model->pipeline().drain(Deadline::never()));                          // without a deadline it cannot fail
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
  const std::lock_guard lock(mutex_);
  if (closing_) return Error{ErrorCode::unavailable, "the server ends; it loads no more models"};
  Entry& entry = models_[request.name][request.version];
  if (entry.loads)
    return Error{ErrorCode::already_exists, "model " + in_words(request.name, request.version) + " is being loaded already"};
  entry.loads = true;
  if (!entry.model) entry.state = ModelState::loading;
  in_background([this, request = std::move(request), loaded = std::move(loaded)] {
    const Status status = run_load(request);
    if (loaded) loaded(status);
  });
  return {};
}

Status Catalog::run_load(const LoadRequest& request) {
  const Clock::time_point begin = Clock::now();
  Result<std::unique_ptr<ServedModel>> loaded = loader_(request);
  std::shared_ptr<ServedModel> before;  // goes without the mutex
  const std::lock_guard lock(mutex_);
  Entry& entry = models_[request.name][request.version];
  entry.loads = false;
  entry.reason = loaded ? "" : loaded.error().message;
  if (loaded) {
    const auto retired = [this](ServedModel* model) { retire(std::unique_ptr<ServedModel>(model)); };
    before = std::exchange(entry.model, std::shared_ptr<ServedModel>(loaded->release(), retired));
    entry.state = ModelState::ready;
    entry.load_time = Clock::now() - begin;
  } else if (!entry.model) {
    entry.state = ModelState::unavailable;
  }
  changed_.notify_all();
  return loaded ? Status() : Status(loaded.error());
}

Status Catalog::unload(const std::string& name, std::int64_t version) {
  std::shared_ptr<ServedModel> gone;  // goes without the mutex
  const std::lock_guard lock(mutex_);
  const auto versions = models_.find(name);
  const bool known = versions != models_.end() && versions->second.contains(version);
  Entry none{ModelState::unavailable, kUnloaded, false, {}, nullptr};
  Entry& entry = known ? versions->second[version] : none;
  if (entry.loads)
    return Error{ErrorCode::unavailable, "model " + in_words(name, version) + " is being loaded; try again when it is ready"};
  if (!entry.model && entry.reason == kUnloaded)
    return Error{ErrorCode::not_found, "model " + in_words(name, version) + " is not loaded; see the repository's index"};
  gone = std::exchange(entry.model, nullptr);
  entry.state = gone ? ModelState::unloading : ModelState::unavailable;
  entry.reason = kUnloaded;
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
  Status worst;
  for (const auto& model : all_ready()) {
    if (Status drained = model->pipeline().drain(deadline); !drained)
      worst = with_context("model '" + model->name() + "'", drained.error());
  }
  return worst;
}

}  // namespace staronnx
