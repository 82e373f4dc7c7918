#include "staronnx/schedule/pipeline.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <thread>
#include <utility>

#include "staronnx/machine/affinity.h"
#include "staronnx/schedule/flow.h"
#include "staronnx/schedule/prepared_segment.h"
#include "staronnx/schedule/route.h"
#include "staronnx/schedule/runtime_state.h"

namespace staronnx {
namespace {

// Of a GPU's memory, for weights and what nodes compute; StarPU may take a quarter (starpu_environment.cpp).
constexpr double kGpuShare = 0.7;

constexpr Microseconds kNever{std::numeric_limits<double>::infinity()};

using Executors = std::vector<std::shared_ptr<Executor>>;  // of one place, by segment

Result<const Variant*> find_variant(const Plan& plan, const std::string& name) {
  if (const Variant* variant = plan.find(name)) return variant;
  std::string known;
  for (const Variant& variant : plan.variants) known += (known.empty() ? "" : ", ") + variant.name;
  return Error{ErrorCode::not_found, "the plan has no variant '" + name + "'; it has: " + known};
}

bool same_names(const std::vector<std::string>& names, const std::vector<TensorInfo>& tensors) {
  if (names.size() != tensors.size()) return false;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] != tensors[i].name) return false;
  }
  return true;
}

// On a thread of the group's own, pinned as its worker is: weights are first touched, and threads started, from where they will run.
Result<Executors> load_pinned(Engine& engine, const std::filesystem::path& directory, const Variant& variant,
                              const CoreGroup& group) {
  if (Status pinned = pin_this_thread(std::span(group.cores).first(1)); !pinned) return pinned.error();
  Executors executors;
  for (const Segment& segment : variant.segments) {
    Result<std::shared_ptr<Executor>> executor = engine.prepare(directory / segment.file, group, segment.provider);
    if (!executor) return executor.error();
    const Signature& signature = (*executor)->signature();
    if (!same_names(segment.inputs, signature.inputs) || !same_names(segment.outputs, signature.outputs)) {
      return Error{ErrorCode::invalid_argument,
                   (directory / segment.file).string() + " has other inputs or outputs than the plan says; plan the model again"};
    }
    executors.push_back(std::move(*executor));
  }
  return executors;
}

// By place, in this process's memory; others are empty. All places load at once.
Result<std::vector<Executors>> load(Engine& engine, const std::filesystem::path& directory, const Variant& variant,
                                    std::span<const Place> places) {
  std::vector<Result<Executors>> loaded(places.size(), Result<Executors>(Executors(variant.segments.size())));
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (places[i].memory != 0) continue;
    threads.emplace_back([&, i] { loaded[i] = load_pinned(engine, directory, variant, places[i].group); });
  }
  threads.clear();  // joins
  std::vector<Executors> by_place;
  for (Result<Executors>& executors : loaded) {
    if (!executors) return executors.error();
    by_place.push_back(std::move(*executors));
  }
  return by_place;
}

// By worker, then segment; null where the segment cannot run on GPUs.
using GpuExecutors = std::vector<std::vector<std::shared_ptr<GpuExecutor>>>;

Result<GpuExecutors> load_on_gpus(Engine& engine, const std::filesystem::path& directory, const Variant& variant,
                                  std::span<const Runtime::State::GpuWorker> workers, std::vector<std::string>& notes) {
  GpuExecutors executors;
  for (const Runtime::State::GpuWorker& worker : workers) {
    const auto share = static_cast<std::uint64_t>(kGpuShare * static_cast<double>(worker.gpu.memory.count));
    const GpuPlace place{worker.gpu.ordinal, worker.stream, Bytes{share / kWorkersPerGpu}};
    std::vector<std::shared_ptr<GpuExecutor>>& of_worker = executors.emplace_back();
    for (const Segment& segment : variant.segments) {
      Result<std::unique_ptr<GpuExecutor>> executor = engine.prepare_on_gpu(directory / segment.file, place);
      if (!executor && executor.error().code != ErrorCode::unsupported) return executor.error();
      of_worker.push_back(executor ? *std::move(executor) : nullptr);
      const std::string note = executor ? of_worker.back()->note() : executor.error().message;
      if (!note.empty()) notes.push_back(segment.file + " on gpu " + std::to_string(worker.gpu.ordinal) + ": " + note);
    }
  }
  return executors;
}

std::vector<std::unique_ptr<PreparedSegment>> prepared_segments(const Variant& variant, const std::vector<Executors>& by_place,
                                                                const GpuExecutors& on_gpus, std::span<const Place> places) {
  std::vector<std::unique_ptr<PreparedSegment>> segments;
  for (std::size_t i = 0; i < variant.segments.size(); ++i) {
    const Segment& segment = variant.segments[i];
    std::vector<PreparedSegment::OnPlace> on_place;
    std::vector<int> batches{1};
    for (const auto& [batch, times] : segment.batched) batches.push_back(batch);
    std::map<std::string, std::size_t> kinds;  // of cores by width, else by place
    for (std::size_t place = 0; place < places.size(); ++place) {
      const int width = places[place].width();
      const std::size_t kind =
          kinds.emplace(places[place].memory == 0 ? std::to_string(width) : places[place].name(), kinds.size()).first->second;
      PreparedSegment::OnPlace& made = on_place.emplace_back(PreparedSegment::OnPlace{by_place[place][i], {}, kind});
      if (places[place].gpu) made.gpu = on_gpus[place][i];
      for (const int batch : batches) {
        const bool there = places[place].memory == 0 || (batch == 1 && (!places[place].gpu || made.gpu));
        made.planned.push_back(there ? expected_time(segment, width, batch) : kNever);
      }
    }
    segments.push_back(std::make_unique<PreparedSegment>(segment.file, std::move(on_place), std::move(batches)));
  }
  return segments;
}

// As the plan was measured with; nothing when that is not known.
std::optional<std::vector<Tensor>> zeros(const Plan& plan) {
  if (plan.shapes.size() != plan.signature.inputs.size()) return std::nullopt;
  std::vector<Tensor> inputs;
  for (std::size_t i = 0; i < plan.shapes.size(); ++i) {
    const DataType type = plan.signature.inputs[i].type;
    if (type == DataType::string) return std::nullopt;
    std::int64_t bits = bits_of(type);
    for (const std::int64_t size : plan.shapes[i]) bits *= size;
    inputs.emplace_back(type, plan.shapes[i], static_cast<std::size_t>((bits + 7) / 8));
  }
  return inputs;
}

// What segments take on GPUs and nodes is not in the plan: requests of zeros try it out, which also readies the GPU's libraries. A model
// that takes no zeros keeps what was planned for cores, until requests come.
void try_out(Flow& flow, std::size_t workers, const Plan& plan) {
  constexpr int kTrials = 3;
  for (unsigned worker = 0; worker < workers; ++worker) {
    for (int trial = 0; trial < kTrials; ++trial) {
      std::optional<std::vector<Tensor>> inputs = zeros(plan);
      if (!inputs || !flow.try_on(worker, *std::move(inputs))) break;
    }
  }
}

// The segments of a pipeline on the nodes of its runtime, released at the end.
class OnNodes {
 public:
  explicit OnNodes(Runtime::State& runtime) : runtime_(runtime) {}
  OnNodes(const OnNodes&) = delete;
  OnNodes& operator=(const OnNodes&) = delete;
  ~OnNodes() {
    for (const auto& [node, segment] : prepared_) {
      static_cast<void>(runtime_.nodes[node].calls.release(segment));  // what is not released ends with the node
    }
  }

  // Sends what the variant needs and prepares it.
  Status prepare(const std::filesystem::path& directory, const Variant& variant,
                 std::span<const std::unique_ptr<PreparedSegment>> segments) {
    for (std::size_t node = 0; node < runtime_.nodes.size(); ++node) {
      for (std::size_t i = 0; i < segments.size(); ++i) {
        if (Status done = prepare(node, directory, variant.segments[i], *segments[i]); !done)
          return with_context(runtime_.places[runtime_.gpu_workers.size() + node].name(), done.error());
      }
    }
    return {};
  }

 private:
  Status prepare(std::size_t node, const std::filesystem::path& directory, const Segment& planned, PreparedSegment& segment) {
    const Result<std::string> folder = send(node, directory, planned.file);
    if (!folder) return folder.error();
    if (Status done = runtime_.nodes[node].calls.prepare(segment.number(), *folder, planned.file, planned.provider); !done)
      return done;
    prepared_.emplace_back(node, segment.number());
    return {};
  }

  // The segment's file and the weights beside it, unless they were sent. Returns the folder where they are.
  Result<std::string> send(std::size_t node, const std::filesystem::path& directory, const std::string& file) {
    std::error_code failure;
    const std::filesystem::path where = std::filesystem::canonical(directory, failure);
    const auto version = std::filesystem::last_write_time(where, failure).time_since_epoch().count();
    const std::string folder = std::to_string(std::hash<std::string>()(where.string() + "@" + std::to_string(version)));
    for (const std::string& name : {file, std::string(kWeightsFile)}) {
      if (!std::filesystem::exists(where / name, failure) || runtime_.nodes[node].files.contains(folder + "/" + name)) continue;
      if (Status sent = runtime_.nodes[node].calls.send(where / name, folder); !sent) return sent.error();
      runtime_.nodes[node].files.insert(folder + "/" + name);
    }
    return folder;
  }

  Runtime::State& runtime_;
  std::vector<std::pair<std::size_t, Word>> prepared_;  // node and segment
};

}  // namespace

struct Pipeline::State {
  std::vector<std::string> notes;
  std::unique_ptr<OnNodes> on_nodes;  // outlives the flow
  Flow flow;
};

Result<std::unique_ptr<Pipeline>> Pipeline::open(Runtime& runtime, Engine& engine, const Plan& plan,
                                                 const std::filesystem::path& directory, const std::string& variant,
                                                 const PipelineOptions& options) {
  const Result<const Variant*> chosen = find_variant(plan, variant);
  if (!chosen) return chosen.error();
  Result<Route> route = route_of(plan, **chosen);
  if (!route) return route.error();
  const Result<std::vector<Executors>> executors = load(engine, directory, **chosen, runtime.places());
  if (!executors) return executors.error();
  std::vector<std::string> notes;
  const Result<GpuExecutors> on_gpus = load_on_gpus(engine, directory, **chosen, runtime.state().gpu_workers, notes);
  if (!on_gpus) return on_gpus.error();
  std::vector<std::unique_ptr<PreparedSegment>> segments = prepared_segments(**chosen, *executors, *on_gpus, runtime.places());
  auto on_nodes = std::make_unique<OnNodes>(runtime.state());
  if (Status prepared = on_nodes->prepare(directory, **chosen, segments); !prepared) return prepared.error();
  std::unique_ptr<State> state(new State{std::move(notes), std::move(on_nodes),
                                         Flow(runtime.state(), plan.signature, std::move(*route), std::move(segments), options)});
  try_out(state->flow, runtime.state().workers_elsewhere(), plan);
  return std::make_unique<Pipeline>(std::move(state));
}

Pipeline::Pipeline(std::unique_ptr<State> state) : state_(std::move(state)) {}

Pipeline::~Pipeline() = default;

const Signature& Pipeline::signature() const {
  return state_->flow.signature();
}

std::span<const std::string> Pipeline::notes() const {
  return state_->notes;
}

Result<RequestId> Pipeline::submit(std::vector<Tensor> inputs, const RequestOptions& options, Done done) {
  return state_->flow.submit(std::move(inputs), options, std::move(done));
}

void Pipeline::cancel(RequestId request) {
  state_->flow.cancel(request);
}

Status Pipeline::drain(Deadline deadline) {
  return state_->flow.drain(deadline);
}

Microseconds Pipeline::expected_wait() const {
  return state_->flow.expected_wait();
}

}  // namespace staronnx
