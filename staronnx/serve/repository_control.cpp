#include "staronnx/serve/repository_control.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "staronnx/base/temporary_directory.h"
#include "staronnx/serve/repository_ensembles.h"

namespace staronnx {
namespace {

constexpr const char* kAll = "*";

// Versions of one model that load together; the last one to end has them take the places of those that are not wanted any more.
class Exchange {
 public:
  // `files`: is kept until then; null for files of a repository.
  Exchange(Catalog& catalog, std::string name, std::set<std::int64_t> wanted, std::size_t loading, RepositoryControl::Done done,
           std::shared_ptr<const TemporaryDirectory> files)
      : catalog_(catalog),
        name_(std::move(name)),
        wanted_(std::move(wanted)),
        done_(std::move(done)),
        files_(std::move(files)),
        loading_(loading) {}

  void ended(std::int64_t version, const Status& status) {
    std::unique_lock lock(mutex_);
    if (!status) failed_ += "version " + std::to_string(version) + " is at UNAVAILABLE state: " + status.error().message + ";";
    if (--loading_ > 0) return;
    lock.unlock();  // nobody else writes any more
    finish();
  }

  void finish() {
    if (!failed_.empty()) return done_(Error{ErrorCode::invalid_argument, "load failed for model '" + name_ + "': " + failed_});
    for (const ModelStatus& model : catalog_.index()) {
      // What fails is gone already, or loads again: then the next look finds it.
      if (model.name == name_ && !wanted_.contains(model.version)) static_cast<void>(catalog_.unload(name_, model.version));
    }
    done_({});
  }

 private:
  Catalog& catalog_;
  const std::string name_;
  const std::set<std::int64_t> wanted_;
  const RepositoryControl::Done done_;
  const std::shared_ptr<const TemporaryDirectory> files_;
  std::mutex mutex_;  // guards what follows
  std::size_t loading_;
  std::string failed_;
};

// Loads these versions of the model. What is ready of it and not in it goes when all of them are ready.
void bring(Catalog& catalog, const std::string& name, const RepositoryModel& model, const std::set<std::int64_t>& versions,
           RepositoryControl::Done done, std::shared_ptr<const TemporaryDirectory> files = nullptr) {
  std::set<std::int64_t> wanted;
  for (const auto& [number, version] : model.versions) wanted.insert(number);
  const auto exchange =
      std::make_shared<Exchange>(catalog, name, std::move(wanted), versions.size(), std::move(done), std::move(files));
  if (versions.empty()) exchange->finish();
  for (const std::int64_t number : versions) {
    const Result<std::filesystem::path>& file = model.versions.at(number).model;
    const auto ended = [exchange, number](const Status& status) { exchange->ended(number, status); };
    const Status begun = file ? catalog.load({name, number, *file, model.config, model.folder}, ended) : Status(file.error());
    if (!begun) ended(begun);
  }
}

void unload_all(Catalog& catalog, const std::string& name) {
  for (const ModelStatus& model : catalog.index()) {
    // It fails for those that are gone already.
    if (model.name == name) static_cast<void>(catalog.unload(name, model.version));
  }
}

std::string problem_of(const Result<RepositoryModel>& model) {
  if (!model) return model.error().message;
  for (const auto& [number, version] : model->versions) {
    if (!version.model) return version.model.error().message;
  }
  return "";
}

std::map<std::string, std::set<std::int64_t>> by_name(const std::vector<ModelVersion>& versions) {
  std::map<std::string, std::set<std::int64_t>> names;
  for (const ModelVersion& version : versions) names[version.name].insert(version.version);
  return names;
}

}  // namespace

RepositoryControl::~RepositoryControl() {
  looking_.request_stop();
  woken_.notify_all();
}

void RepositoryControl::complain(const std::string& name, const std::string& why) const {
  if (options_.complain) options_.complain("model '" + name + "': " + why);
}

Result<RepositoryContent> RepositoryControl::content() const {
  Result<RepositoryContent> content = look_at(options_.folders);
  if (!content) return content;
  for (auto& [name, model] : *content) {
    if (elsewhere_.contains(name))
      model = Error{ErrorCode::already_exists, "two models are called '" + name + "'; rename the one in the repository"};
  }
  if (options_.mode == ModelControlMode::on_demand && !options_.load.contains(kAll)) {
    const std::set<std::string> load = with_needed(*content, options_.load);
    std::erase_if(*content, [&](const auto& model) { return !load.contains(model.first); });
  }
  return content;
}

Status RepositoryControl::begin(std::set<std::string> elsewhere) {
  elsewhere_ = std::move(elsewhere);
  Result<RepositoryContent> found = content();
  if (!found) return found.error();
  for (const auto& [name, model] : *found) {
    if (elsewhere_.contains(name)) return model.error();
  }
  for (const std::string& name : options_.load) {
    if (name != kAll && !found->contains(name))
      return Error{ErrorCode::not_found, "there is no model '" + name + "' in the repositories; see --load-model"};
  }
  const std::lock_guard lock(mutex_);
  take(*std::move(found));
  if (options_.mode != ModelControlMode::poll) return {};
  looking_ = std::jthread([this](const std::stop_token& stop) {
    std::unique_lock asleep(sleep_);
    const auto interval = std::chrono::duration_cast<Clock::duration>(options_.poll_interval);
    while (!stop.stop_requested()) {
      woken_.wait_for(asleep, stop, interval, [] { return false; });
      if (!stop.stop_requested()) look();
    }
  });
  return {};
}

void RepositoryControl::look() {
  Result<RepositoryContent> now = content();
  const std::lock_guard lock(mutex_);
  if (now) return take(*std::move(now));
  if (options_.complain) options_.complain(now.error().message);
}

void RepositoryControl::reload() {
  if (options_.mode == ModelControlMode::poll) return look();
  Result<RepositoryContent> now = look_at(options_.folders);
  const std::lock_guard lock(mutex_);
  if (!now) {
    if (options_.complain) options_.complain(now.error().message);
    return;
  }
  std::erase_if(*now, [&](const auto& model) { return !content_.contains(model.first) || given_.contains(model.first); });
  now->insert(content_.begin(), content_.end());  // what is gone, or was given
  take(*std::move(now));
}

void RepositoryControl::note_problems(const RepositoryContent& now) {
  std::map<std::string, std::string> problems;
  for (const auto& [name, model] : now) {
    if (std::string problem = problem_of(model); !problem.empty()) problems.emplace(name, std::move(problem));
  }
  for (const auto& [name, problem] : problems_) {
    if (!problems.contains(name)) catalog_.blame(name, "");
  }
  for (const auto& [name, problem] : problems) {
    const auto known = problems_.find(name);
    if (known != problems_.end() && known->second == problem) continue;
    catalog_.blame(name, problem);
    complain(name, problem);
  }
  problems_ = std::move(problems);
}

RepositoryControl::Done RepositoryControl::complain_of_load() const {
  return [say = options_.complain](const Status& status) {
    if (!status && say) say(status.error().message);
  };
}

void RepositoryControl::take(RepositoryContent now) {
  note_problems(now);
  for (const auto& [name, before] : content_) {
    const auto at = now.find(name);
    const bool broken = at != now.end() && !at->second && before;
    if (broken || catalog_.loads(name)) now.insert_or_assign(name, before);  // what loads is compared when it is there
  }
  const RepositoryChanges changes = changes_between(content_, now);
  std::map<std::string, std::set<std::int64_t>> load = by_name(changes.load);
  for (const auto& [name, versions] : by_name(changes.unload)) {
    if (now.contains(name))
      load[name];  // perhaps only versions go
    else
      unload_all(catalog_, name);
  }
  for (const std::string& name : needed_first(now)) {
    if (!load.contains(name)) continue;
    std::set<std::int64_t>& versions = load[name];
    // A version whose file is not there yet fails, so that nothing goes for it.
    for (const auto& [number, version] : now.at(name)->versions) {
      if (!version.model) versions.insert(number);
    }
    bring(catalog_, name, *now.at(name), versions, complain_of_load());
  }
  content_ = std::move(now);
}

Status RepositoryControl::check_on_demand() const {
  if (options_.mode == ModelControlMode::on_demand) return {};
  return Error{ErrorCode::unavailable,
               "explicit model load / unload is not allowed if polling is enabled; start the server with --model-control-mode "
               "explicit"};
}

void RepositoryControl::load(const std::string& name, const GivenModel& given, const Done& done) {
  if (Status allowed = check_on_demand(); !allowed) return done(allowed);
  const auto fail = [&](const Error& error) { done(with_context("load failed for model '" + name + "'", error)); };
  std::optional<ModelConfig> config;
  if (given.config) {
    Result<ModelConfig> parsed = ModelConfig::parse_json(*given.config, name);
    if (!parsed) return fail(parsed.error());
    config = *std::move(parsed);
  }
  std::shared_ptr<const TemporaryDirectory> files;
  std::optional<RepositoryModel> written;
  if (!given.files.empty()) {
    Result<TemporaryDirectory> folder = TemporaryDirectory::create();
    if (!folder) return fail(folder.error());
    files = std::make_shared<TemporaryDirectory>(*std::move(folder));
    Result<RepositoryModel> model = write_model(files->path(), name, config.value(), given.files);
    if (!model) return fail(model.error());
    written = *std::move(model);
  }
  const std::lock_guard lock(mutex_);
  if (elsewhere_.contains(name))
    return done(Error{ErrorCode::invalid_argument, "failed to load '" + name + "': it is a file of the command line's"});
  if (catalog_.loads(name))
    return done(Error{ErrorCode::unavailable, "failed to load '" + name + "': it is being loaded; try again when it is ready"});
  const Result<RepositoryModel> model =
      written ? Result<RepositoryModel>(*std::move(written)) : look_for_model(options_.folders, name, config);
  if (!model)
    return done(Error{model.error().code,
                      "failed to load '" + name + "', failed to poll from model repository: " + model.error().message});
  RepositoryContent loading{{name, *model}};
  if (Status there = look_for_needed(name, loading); !there) return done(there);
  for (const std::string& each : needed_first(loading)) {
    const RepositoryModel& found = *loading.at(each);
    catalog_.blame(each, "");
    content_.insert_or_assign(each, found);
    std::set<std::int64_t> versions;
    for (const auto& [number, version] : found.versions) versions.insert(number);
    const bool asked = each == name;
    asked&& files ? void(given_.insert(each)) : void(given_.erase(each));
    bring(catalog_, each, found, versions, asked ? done : complain_of_load(), asked ? files : nullptr);
  }
}

Status RepositoryControl::look_for_needed(const std::string& name, RepositoryContent& loading) const {
  for (const std::string& needed : needed_by(loading.at(name)->config)) {
    if (loading.contains(needed) || catalog_.loads(needed) || catalog_.find(needed, std::nullopt)) continue;
    Result<RepositoryModel> model = look_for_model(options_.folders, needed);
    if (!model)
      return Error{model.error().code, "failed to load '" + name + "', which needs '" + needed + "': " + model.error().message};
    loading.emplace(needed, *std::move(model));
    if (Status there = look_for_needed(needed, loading); !there) return there;
  }
  return {};
}

Status RepositoryControl::unload(const std::string& name, bool dependents) {
  if (Status allowed = check_on_demand(); !allowed) return allowed;
  const std::lock_guard lock(mutex_);
  const std::vector<std::string> going = dependents ? with_dependents(content_, name) : std::vector{name};
  for (const std::string& each : going) {
    if (catalog_.loads(each))
      return Error{ErrorCode::unavailable,
                   "failed to unload '" + name + "': '" + each + "' is being loaded; try again when it is ready"};
  }
  for (const std::string& each : going) {
    catalog_.blame(each, "");
    content_.erase(each);
    given_.erase(each);
    unload_all(catalog_, each);
  }
  return {};
}

std::vector<ModelStatus> RepositoryControl::index() const {
  std::vector<ModelStatus> all = catalog_.index();
  const Result<RepositoryContent> content = look_at(options_.folders);
  if (!content) return all;
  std::set<std::string> known;
  for (const ModelStatus& model : all) known.insert(model.name);
  for (const auto& [name, model] : *content) {
    if (!known.contains(name))
      all.push_back({name, 0, ModelState::unavailable, model ? "not loaded" : model.error().message, {}});
  }
  std::ranges::stable_sort(all, {}, &ModelStatus::name);
  return all;
}

}  // namespace staronnx
