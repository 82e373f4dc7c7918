#include "staronnx/schedule/runtime.h"

#include <starpu.h>
#include <starpu_expert.h>
#include <starpu_scheduler.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "staronnx/base/deadline.h"
#include "staronnx/machine/affinity.h"
#include "staronnx/machine/processor_class.h"
#include "staronnx/schedule/flavour.h"
#include "staronnx/schedule/gpu_stream.h"
#include "staronnx/schedule/policy.h"
#include "staronnx/schedule/runtime_state.h"
#include "staronnx/schedule/starpu_environment.h"

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

std::atomic<bool> had_nodes = false;

Status check_nodes(std::size_t count, std::size_t gpus) {
  static_assert(STARPU_MAXNODES > 1 + STARPU_MAXCUDADEVS);  // memories: this process's, each GPU's, each node's
  const std::size_t most = STARPU_MAXNODES - 1 - std::min<std::size_t>(gpus, STARPU_MAXCUDADEVS);
  if (count > most) {
    return Error{ErrorCode::unsupported, std::to_string(count) + " nodes are more than the " + std::to_string(most) +
                                             " that StarPU was built for beside this machine's memories; give each more cores"};
  }
  if (had_nodes)
    return Error{ErrorCode::unsupported, "this process had nodes before, and StarPU begins with them once; start it anew"};
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

Status check_overlap(const RuntimeOptions& options) {
  if (options.overlap || options.scheduler == kPolicyName) return {};
  return Error{ErrorCode::invalid_argument, "transfers can be kept from overlapping with the scheduler '" +
                                                std::string(kPolicyName) + "' only; '" + options.scheduler + "' decides itself"};
}

std::size_t workers_per_gpu(const RuntimeOptions& options) {
  return options.overlap ? kWorkersPerGpu : 1;
}

Status create_cache(const std::filesystem::path& directory) {
  std::error_code failure;
  std::filesystem::create_directories(directory, failure);
  if (!failure) return {};
  return Error{ErrorCode::unavailable, "the cache directory " + directory.string() + " cannot be created: " + failure.message()};
}

starpu_conf configuration(const RuntimeOptions& options) {
  starpu_conf conf;
  starpu_conf_init(&conf);
  starpu_conf_noworker(&conf);
  conf.precedence_over_environment_variables = 1;
  conf.ncpus = static_cast<int>(options.groups.size());
  conf.nopencl = static_cast<int>(options.simulated_nodes.size());
  conf.ntcpip_ms = static_cast<int>(options.nodes.count);
  conf.ncuda = static_cast<int>(options.gpus.size());
  conf.use_explicit_workers_cuda_gpuid = 1;
  for (std::size_t i = 0; i < options.gpus.size(); ++i)
    conf.workers_cuda_gpuid[i] = static_cast<unsigned>(options.gpus[i].ordinal);
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
  std::size_t first_worker = 0;
  std::vector<Status> of_group;
};

void pin_worker(void* argument) {
  auto& pinning = *static_cast<Pinning*>(argument);
  const auto group = static_cast<std::size_t>(starpu_worker_get_id()) - pinning.first_worker;
  pinning.of_group[group] = pin_this_thread(std::span(pinning.groups[group].cores).first(1));
}

Status pin_workers(const RuntimeOptions& options) {
  Pinning pinning{options.groups, starpu_worker_get_count() - options.groups.size(), std::vector<Status>(options.groups.size())};
  starpu_execute_on_each_worker(pin_worker, &pinning, STARPU_CPU);
  for (const Status& status : pinning.of_group) {
    if (!status) return status;
  }
  return {};
}

unsigned wait_at_gate(void* gate) {
  static_cast<const IdleGate*>(gate)->wait();
  return 1;
}

// StarPU's thread for a node asks its socket for news without a pause while a task runs there, and so would take a core: 5 ms of work
// on a node cost 5 ms here. Now it asks for 300 us, in which it has sent the task, and then every 50 us.
unsigned rest_between_questions(void*) {
  const int worker = starpu_worker_get_id();
  if (worker < 0 || starpu_worker_get_type(worker) != STARPU_TCPIP_MS_WORKER) return 1;
  thread_local Clock::time_point busy_since, last;
  const Clock::time_point now = Clock::now();
  if (now - last > std::chrono::microseconds(200)) busy_since = now;  // it slept, or had something to do
  if (now - busy_since > std::chrono::microseconds(300)) std::this_thread::sleep_for(std::chrono::microseconds(50));
  last = Clock::now();
  return 1;  // it may sleep for longer, for all that is known here
}

Status check_workers(const RuntimeOptions& options) {
  std::vector<starpu_worker_archtype> wanted(options.gpus.size() * workers_per_gpu(options), STARPU_CUDA_WORKER);
  wanted.insert(wanted.end(), options.simulated_nodes.size(), STARPU_OPENCL_WORKER);
  wanted.insert(wanted.end(), options.nodes.count, STARPU_TCPIP_MS_WORKER);
  wanted.insert(wanted.end(), options.groups.size(), STARPU_CPU_WORKER);
  if (starpu_worker_get_count() != wanted.size()) {
    return Error{ErrorCode::internal, "StarPU started " + std::to_string(starpu_worker_get_count()) + " workers instead of " +
                                          std::to_string(wanted.size())};
  }
  for (std::size_t worker = 0; worker < wanted.size(); ++worker) {
    if (starpu_worker_get_type(static_cast<int>(worker)) != wanted[worker])
      return Error{ErrorCode::internal, "StarPU numbers its workers in another order"};
  }
  return {};
}

Status start_starpu(const RuntimeOptions& options, Gathering* gathering) {
  prepare_starpu_environment(options.cache);
  if (!options.gpus.empty()) prepare_starpu_environment(options.gpus, workers_per_gpu(options));
  if (gathering != nullptr) {
    prepare_starpu_environment({.count = options.nodes.count, .listen = gathering->address(), .port = gathering->port()});
    if (Status released = gathering->release(); !released) return released;
    gathering->watch();  // StarPU would wait for ever for one that ends now
  }
  starpu_conf conf = configuration(options);
  if (const int failure = starpu_init(&conf); failure != 0) {
    return Error{ErrorCode::internal, "StarPU does not start (error " + std::to_string(-failure) + ")"};
  }
  Status started = check_workers(options);
  if (started && !kSimulated) started = pin_workers(options);
  if (!started) starpu_shutdown();
  return started;
}

Place place_of(const Gpu& gpu, std::size_t worker) {
  Place place{{}, {worker}, starpu_worker_get_memory_node(static_cast<unsigned>(worker))};
  place.gpu = gpu.ordinal;
  return place;
}

Place place_of(const NodeIdentity& node, std::size_t worker) {
  Place place{node.group, {worker}, starpu_worker_get_memory_node(static_cast<unsigned>(worker))};
  place.node = node.name;
  return place;
}

Links measured_links(Runtime::State& runtime) {
  std::vector<unsigned> memories{STARPU_MAIN_RAM};
  for (const Place& place : runtime.places) {
    if (!place.node.empty()) memories.push_back(place.memory);
  }
  runtime.gate.enter();
  runtime.gate.wake();
  Links links(memories);
  runtime.gate.leave();
  return links;
}

}  // namespace

Result<RuntimeOptions> runtime_options(const Machine& machine, std::string_view core_groups, std::string_view scheduler,
                                       std::filesystem::path cache) {
  const bool elastic = core_groups == "elastic";
  const bool all = elastic || core_groups == "auto";
  Result<std::vector<CoreGroup>> groups =
      all ? staronnx::core_groups(without_driving_cores(machine), "auto") : staronnx::core_groups(machine, core_groups);
  if (!groups) return groups.error();
  return RuntimeOptions{*std::move(groups), std::string(scheduler), elastic, std::move(cache), machine.gpus, {}};
}

Result<std::unique_ptr<Runtime>> Runtime::start(const RuntimeOptions& options) {
  if (Status groups = check_groups(options.groups); !groups) return groups.error();
  if (Status scheduler = check_scheduler(options.scheduler); !scheduler) return scheduler.error();
  if (Status elastic = check_elastic(options); !elastic) return elastic.error();
  if (Status overlap = check_overlap(options); !overlap) return overlap.error();
  if (Status nodes = check_nodes(options.nodes.count, options.gpus.size()); !nodes) return nodes.error();
  if (Status cache = create_cache(options.cache); !cache) return cache.error();
  if (runtime_lives.test_and_set()) {
    return Error{ErrorCode::already_exists, "a runtime lives in this process already, and StarPU allows one; share it"};
  }
  RuntimeOptions with = options;
  std::unique_ptr<Gathering> gathering;
  Status started;
  if (options.nodes.count > 0) {
    Result<std::unique_ptr<Gathering>> gathered = Gathering::of(options.nodes);
    with.nodes.count = gathered ? (*gathered)->nodes().size() : 0;
    had_nodes = with.nodes.count > 0;
    if (!gathered) started = gathered.error();
    if (had_nodes) gathering = *std::move(gathered);
  }
  if (started) started = start_starpu(with, gathering.get());
  if (!started) {
    runtime_lives.clear();
    return started.error();
  }
  auto state = std::make_unique<State>();
  state->gathering = std::move(gathering);
  state->groups = options.groups;
  if (!kSimulated) state->idle_hook = starpu_idle_hook_register(wait_at_gate, &state->gate);
  auto runtime = std::make_unique<Runtime>(std::move(state));
  if (Status placed = runtime->find_places(with); !placed) return placed.error();
  return runtime;
}

Status Runtime::find_places(const RuntimeOptions& options) {
  state_->own_policy = options.scheduler == kPolicyName;
  std::vector<Place>& places = state_->places;
  state_->gpu_turns = std::make_unique<GpuTurns>(options.gpus.size(), workers_per_gpu(options));
  for (const Gpu& gpu : options.gpus) {
    for (std::size_t i = 0; i < workers_per_gpu(options); ++i) {
      state_->gpu_workers.push_back({gpu, stream_of_gpu_worker(static_cast<unsigned>(places.size()))});
      places.push_back(place_of(gpu, places.size()));
    }
    const std::span<Place> workers = std::span(places).last(workers_per_gpu(options));
    for (Place& place : workers) {
      for (const Place& other : workers) {
        if (other.workers != place.workers) place.beside.push_back(other.workers.front());
      }
    }
  }
  for (const auto& [identity, number] : options.simulated_nodes) {
    state_->gpu_workers.push_back(
        {Gpu{.ordinal = number, .name = identity.name, .memory = {}, .pci_bus_id = {}, .speed = {}}, nullptr});
    places.push_back(place_of(identity, places.size()));
  }
  if (state_->gathering) {
    state_->progression_hook = starpu_progression_hook_register(rest_between_questions, nullptr);
  }
  for (std::size_t i = 0; i < options.nodes.count; ++i) {
    Runtime::State::Node& node =
        state_->nodes.emplace_back(Runtime::State::Node{NodeCalls(state_->gate, static_cast<unsigned>(places.size())), {}});
    const Result<std::size_t> number = node.calls.number();  // StarPU numbers nodes in the order in which they reached it
    if (!number) return number.error();
    places.push_back(place_of(state_->gathering->nodes()[*number], places.size()));
  }
  for (Place& place : places_of(options.groups, options.elastic, places.size())) places.push_back(std::move(place));
  if (!state_->own_policy) return {};
  if (state_->gathering || !options.simulated_nodes.empty()) state_->links = measured_links(*state_);
  set_places(places, options.overlap);
  return {};
}

Runtime::Runtime(std::unique_ptr<State> state) : state_(std::move(state)) {}

Runtime::~Runtime() {
  state_->gate.enter();  // no worker waits from now on
  state_->gate.wake();
  if (state_->own_policy) keep_workers_awake();
  if (!kSimulated) starpu_idle_hook_deregister(state_->idle_hook);
  if (state_->gathering) {
    starpu_progression_hook_deregister(state_->progression_hook);
    state_->gathering->forget();  // nodes end with StarPU
  }
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
