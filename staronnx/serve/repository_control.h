// What of the model repositories is served: all there is, what clients ask for, or what a look now and then finds.
//
// A model changes without a gap: what was ready serves until all that is new of it is ready. When something new cannot be loaded, or a
// configuration is wrong, what was ready stays, and the catalog's index says why.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/base/units.h"
#include "staronnx/serve/catalog.h"
#include "staronnx/serve/repository.h"

namespace staronnx {

enum class ModelControlMode {
  none,       // all models are loaded at the start
  on_demand,  // "explicit": those that are named at the start, and then those that clients ask for
  poll,       // all models; what is new, other or gone is found by looking
};

struct RepositoryOptions {
  std::vector<std::filesystem::path> folders = {};
  ModelControlMode mode = ModelControlMode::none;
  std::set<std::string> load = {};                        // on demand: at the start; "*": all
  Seconds poll_interval{15};                              // above 0
  std::function<void(const std::string&)> complain = {};  // for people: what cannot be loaded, and why; on any thread
};

// A model as a client sends it with a request to load it.
struct GivenModel {
  std::optional<std::string> config = {};  // JSON, see ModelConfig::parse_json()
  ModelFiles files = {};                   // none: those of the repository; else there is a configuration, too
};

// Thread-safe.
class RepositoryControl {
 public:
  using Done = std::function<void(const Status&)>;

  // `catalog` outlives the control.
  RepositoryControl(Catalog& catalog, RepositoryOptions options) : catalog_(catalog), options_(std::move(options)) {}
  ~RepositoryControl();  // looks no more

  // Asks the catalog for what is to be there at the start; once. `elsewhere`: names of models that are served from no repository. Fails, with
  // nothing asked for, when a repository cannot be read or has a model of such a name, and (not_found) when a model to load is not there; one
  // that is there and wrong is blamed in the catalog.
  Status begin(std::set<std::string> elsewhere);

  // Looks what is new, other or gone. Returns before it is loaded.
  void look();

  // Looks at once. Where it is not polled: whether what was once loaded is other, which is then loaded again as it is there; nothing comes or goes.
  void reload();

  // On demand only, else unavailable. Models that an ensemble needs and that are not ready are loaded, too. As the model is in its repository now, but
  // for what is given; the latter until the model is loaded or unloaded the next time. `done` is called once, perhaps at once, when all versions are ready, or with why not: not_found,
  // invalid_argument, unavailable (it is being loaded).
  void load(const std::string& name, const GivenModel& given, const Done& done);

  // On demand only, else unavailable. Requests under way are answered. One that is not loaded is as it is wanted. `dependents`: with the
  // ensembles that need it.
  Status unload(const std::string& name, bool dependents);

  // The catalog's, and models that are in a repository and were never loaded.
  std::vector<ModelStatus> index() const;

 private:
  Result<RepositoryContent> content() const;  // without models of other names than those to load
  Status check_on_demand() const;
  Status look_for_needed(const std::string& name, RepositoryContent& loading) const;  // adds what is not ready
  Done complain_of_load() const;
  void take(RepositoryContent now);  // with the mutex held
  void note_problems(const RepositoryContent& now);
  void complain(const std::string& name, const std::string& why) const;

  Catalog& catalog_;
  const RepositoryOptions options_;
  std::set<std::string> elsewhere_;
  std::mutex mutex_;             // guards what follows, and is held while models are compared
  RepositoryContent content_;    // what was to be loaded, as it was last good, by name
  std::set<std::string> given_;  // of these: models whose files are the clients'
  std::map<std::string, std::string> problems_;
  std::mutex sleep_;
  std::condition_variable_any woken_;
  std::jthread looking_;
};

}  // namespace staronnx
