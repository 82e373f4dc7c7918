#include "staronnx/schedule/runtime.h"

#include <starpu.h>
#include <starpu_expert.h>
#include <starpu_scheduler.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include "staronnx/machine/affinity.h"
#include "staronnx/schedule/policy.h"
#include "staronnx/schedule/runtime_state.h"

namespace staronnx {
namespace {

// StarPU is one per process and counts its initialisations instead of refusing a second one.
std::atomic_flag runtime_lives;

// Policies that cannot run pipelines (StarPU 1.4.10): graph_test waits for a call that ends all submissions; the parallel ones make
// several workers run one task together, which is ONNX Runtime's business here, and can deadlock; the modular heteroprios abort on
// costs by worker.
constexpr std::string_view unusable[] = {
    "graph_test", "pheft", "peager", "modular-pheft", "modular-heteroprio", "modular-heteroprio-heft"};

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

Status check_groups(std::span<const CoreGroup> groups) {
  if (groups.empty()) return Error{ErrorCode::invalid_argument, "no core groups: a runtime needs at least one"};
  if (groups.size() > std::min<std::size_t>(STARPU_MAXCPUS, STARPU_NMAXWORKERS)) {
    return Error{ErrorCode::invalid_argument, std::to_string(groups.size()) +
                                                  " core groups are more than this StarPU was built for; " +
                                                  "make them wider, or build StarPU with a larger --enable-maxcpus"};
  }
  std::set<int> seen;
  for (const CoreGroup& group : groups) {
    if (group.cores.empty()) return Error{ErrorCode::invalid_argument, "a core group without cores"};
    for (int core : group.cores) {
      if (!seen.insert(core).second) {
        return Error{ErrorCode::invalid_argument, "core " + std::to_string(core) + " is in two groups; groups share no core"};
      }
    }
  }
  return {};
}

Status check_scheduler(const std::string& name) {
  const std::vector<std::string> known = schedulers();
  if (std::find(known.begin(), known.end(), name) != known.end()) return {};
  return Error{ErrorCode::invalid_argument, "no scheduler '" + name + "'; choose one of: " + joined(known)};
}

Status check_elastic(const RuntimeOptions& options) {
  if (!options.elastic) return {};
  if (options.scheduler != kPolicyName) {
    return Error{ErrorCode::invalid_argument, "elastic core groups need the scheduler '" + std::string(kPolicyName) + "'; '" +
                                                  options.scheduler + "' takes fixed ones, such as 1,1 or auto"};
  }
  if (std::ranges::any_of(options.groups, [](const CoreGroup& group) { return group.width() != 1; }))
    return Error{ErrorCode::invalid_argument, "elastic core groups are made from groups of one core each"};
  return {};
}

Status create_cache(const std::filesystem::path& directory) {
  std::error_code failure;
  std::filesystem::create_directories(directory, failure);
  if (!failure) return {};
  return Error{ErrorCode::unavailable, "the cache directory " + directory.string() + " cannot be created: " + failure.message()};
}

// These settings StarPU takes from the environment only, or prefers there. Its own binding of workers goes by hwloc's numbers among
// the cores it may use, which are not those of the system under taskset; so it is switched off and pin_workers() does it.
void prepare_environment(const RuntimeOptions& options) {
  const std::pair<const char*, std::string> wanted[] = {
      {"STARPU_WORKERS_NOBIND", "1"},
      {"STARPU_WORKERS_GETBIND", "0"},
      {"STARPU_USE_NUMA", "0"},
      {"STARPU_SILENT", "1"},
      {"STARPU_PERF_MODEL_DIR", (options.cache / "starpu").string()},
      {"STARPU_HOME", (options.cache / "starpu").string()},  // or it would use what others left in the home directory
  };
  // NOLINTBEGIN(concurrency-mt-unsafe): StarPU offers no other way; the header says so
  for (const auto& [name, value] : wanted) setenv(name, value.c_str(), 1);
  for (const char* name :
       {"STARPU_WORKERS_CPUID", "STARPU_WORKERS_COREID", "STARPU_MAIN_THREAD_BIND", "STARPU_SCHED_LIB", "STARPU_SCHED"}) {
    unsetenv(name);
  }
  // NOLINTEND(concurrency-mt-unsafe)
}

starpu_conf configuration(const RuntimeOptions& options) {
  starpu_conf conf;
  starpu_conf_init(&conf);
  starpu_conf_noworker(&conf);
  conf.precedence_over_environment_variables = 1;
  conf.ncpus = static_cast<int>(options.groups.size());
  if (options.scheduler == kPolicyName) {
    conf.sched_policy = &staronnx_policy();
  } else {
    conf.sched_policy_name = options.scheduler.c_str();
  }
  conf.catch_signals = 0;
  return conf;
}

struct Pinning {
  std::span<const CoreGroup> groups;
  std::vector<Status> of_worker;
};

void pin_worker(void* argument) {
  auto& pinning = *static_cast<Pinning*>(argument);
  const auto worker = static_cast<std::size_t>(starpu_worker_get_id());
  pinning.of_worker[worker] = pin_this_thread(std::span(pinning.groups[worker].cores).first(1));
}

Status pin_workers(std::span<const CoreGroup> groups) {
  Pinning pinning{groups, std::vector<Status>(groups.size())};
  starpu_execute_on_each_worker(pin_worker, &pinning, STARPU_CPU);
  for (const Status& status : pinning.of_worker) {
    if (!status) return status;
  }
  return {};
}

unsigned wait_at_gate(void* gate) {
  static_cast<const IdleGate*>(gate)->wait();
  return 1;
}

Status start_starpu(const RuntimeOptions& options) {
  prepare_environment(options);
  starpu_conf conf = configuration(options);
  if (const int failure = starpu_init(&conf); failure != 0) {
    return Error{ErrorCode::internal, "StarPU does not start (error " + std::to_string(-failure) + ")"};
  }
  Status started = pin_workers(options.groups);
  if (started && starpu_worker_get_count() != options.groups.size()) {
    started = Error{ErrorCode::internal, "StarPU started " + std::to_string(starpu_worker_get_count()) + " workers instead of " +
                                             std::to_string(options.groups.size())};
  }
  if (!started) starpu_shutdown();
  return started;
}

}  // namespace

Result<RuntimeOptions> runtime_options(const Machine& machine, std::string_view core_groups, std::string_view scheduler,
                                       std::filesystem::path cache) {
  const bool elastic = core_groups == "elastic";
  Result<std::vector<CoreGroup>> groups = staronnx::core_groups(machine, elastic ? "auto" : core_groups);
  if (!groups) return groups.error();
  return RuntimeOptions{*std::move(groups), std::string(scheduler), elastic, std::move(cache)};
}

Result<std::unique_ptr<Runtime>> Runtime::start(const RuntimeOptions& options) {
  if (Status groups = check_groups(options.groups); !groups) return groups.error();
  if (Status scheduler = check_scheduler(options.scheduler); !scheduler) return scheduler.error();
  if (Status elastic = check_elastic(options); !elastic) return elastic.error();
  if (Status cache = create_cache(options.cache); !cache) return cache.error();
  if (runtime_lives.test_and_set()) {
    return Error{ErrorCode::already_exists, "a runtime lives in this process already, and StarPU allows one; share it"};
  }
  if (Status started = start_starpu(options); !started) {
    runtime_lives.clear();
    return started.error();
  }
  auto state = std::make_unique<State>();
  state->groups = options.groups;
  state->places = places_of(options.groups, options.elastic);
  if (options.scheduler == kPolicyName) set_places(state->places);
  state->idle_hook = starpu_idle_hook_register(wait_at_gate, &state->gate);
  return std::make_unique<Runtime>(std::move(state));
}

Runtime::Runtime(std::unique_ptr<State> state) : state_(std::move(state)) {}

Runtime::~Runtime() {
  state_->gate.enter();  // no worker waits from now on
  state_->gate.wake();
  starpu_idle_hook_deregister(state_->idle_hook);
  starpu_shutdown();
  runtime_lives.clear();
}

std::span<const CoreGroup> Runtime::groups() const {
  return state_->groups;
}

std::span<const Place> Runtime::places() const {
  return state_->places;
}

std::vector<std::string> schedulers() {
  std::vector<std::string> names{kPolicyName};
  for (starpu_sched_policy** policy = starpu_sched_get_predefined_policies(); *policy != nullptr; ++policy) {
    const std::string_view name = (*policy)->policy_name;
    if (std::find(std::begin(unusable), std::end(unusable), name) == std::end(unusable)) names.emplace_back(name);
  }
  return names;
}

}  // namespace staronnx
