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

// By place, those of nodes empty. All places load at once.
Result<std::vector<Executors>> load(Engine& engine, const std::filesystem::path& directory, const Variant& variant,
                                    std::span<const Place> places) {
  std::vector<Result<Executors>> loaded(places.size(), Result<Executors>(Executors(variant.segments.size())));
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (!places[i].node.empty()) continue;
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

std::vector<std::unique_ptr<PreparedSegment>> prepared_segments(const Variant& variant, const std::vector<Executors>& by_place,
                                                                std::span<const Place> places) {
  std::vector<std::unique_ptr<PreparedSegment>> segments;
  for (std::size_t i = 0; i < variant.segments.size(); ++i) {
    const Segment& segment = variant.segments[i];
    std::vector<PreparedSegment::OnPlace> on_place;
    std::vector<int> batches{1};
    for (const auto& [batch, times] : segment.batched) batches.push_back(batch);
    std::map<std::pair<std::string, int>, std::size_t> kinds;  // by node and width
    for (std::size_t place = 0; place < places.size(); ++place) {
      const int width = places[place].width();
      const std::size_t kind = kinds.emplace(std::pair(places[place].node, width), kinds.size()).first->second;
      PreparedSegment::OnPlace& made = on_place.emplace_back(PreparedSegment::OnPlace{by_place[place][i], {}, kind});
      for (const int batch : batches) {
        const bool there = places[place].node.empty() || batch == 1;
        made.planned.push_back(there ? expected_time(segment, width, batch) : kNever);
      }
    }
    segments.push_back(std::make_unique<PreparedSegment>(segment.file, std::move(on_place), std::move(batches)));
  }
  return segments;
}

// The segments of a pipeline on the nodes of its runtime, released at the end.
class OnNodes {
 public:
  explicit OnNodes(Runtime::State& runtime) : runtime_(runtime) {}
  OnNodes(const OnNodes&) = delete;
  OnNodes& operator=(const OnNodes&) = delete;
  ~OnNodes() {
    for (const auto& [node, segment] : prepared_) {
      if (const Status released = runtime_.nodes[node].calls.release(segment); !released) continue;  // it ends with the node
    }
  }

  // Sends what the variant needs and prepares it. A segment is expected to take there what it takes when measured there.
  Status prepare(const Plan& plan, const std::filesystem::path& directory, const Variant& variant,
                 std::span<const std::unique_ptr<PreparedSegment>> segments) {
    for (std::size_t node = 0; node < runtime_.nodes.size(); ++node) {
      for (std::size_t i = 0; i < segments.size(); ++i) {
        if (Status done = prepare(node, plan, directory, variant.segments[i], *segments[i]); !done)
          return with_context("node " + runtime_.places[node].node, done.error());
      }
    }
    return {};
  }

 private:
  Status prepare(std::size_t node, const Plan& plan, const std::filesystem::path& directory, const Segment& planned,
                 PreparedSegment& segment) {
    const Result<std::string> folder = send(node, directory, planned.file);
    if (!folder) return folder.error();
    const Result<Microseconds> time = runtime_.nodes[node].calls.prepare(segment.number(), *folder, planned.file,
                                                                         planned.provider, inputs_to_measure(plan, planned));
    if (!time) return time.error();
    prepared_.emplace_back(node, segment.number());
    if (time->count() > 0) segment.plan(node, *time);
    return {};
  }

  // None when zeros of known sizes cannot stand for them.
  static std::vector<TensorInfo> inputs_to_measure(const Plan& plan, const Segment& planned) {
    std::vector<TensorInfo> inputs;
    for (const std::string& name : planned.inputs) {
      const TensorInfo& input = inputs.emplace_back(plan.tensors.at(name).info);
      if (input.type == DataType::string || std::ranges::any_of(input.shape, [](std::int64_t size) { return size < 0; }))
        return {};
    }
    return inputs;
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
  std::vector<std::unique_ptr<PreparedSegment>> segments = prepared_segments(**chosen, *executors, runtime.places());
  auto on_nodes = std::make_unique<OnNodes>(runtime.state());
  if (Status prepared = on_nodes->prepare(plan, directory, **chosen, segments); !prepared) return prepared.error();
  return std::make_unique<Pipeline>(std::unique_ptr<State>(
      new State{std::move(on_nodes), Flow(runtime.state(), plan.signature, std::move(*route), std::move(segments), options)}));
}

Pipeline::Pipeline(std::unique_ptr<State> state) : state_(std::move(state)) {}

Pipeline::~Pipeline() = default;

const Signature& Pipeline::signature() const {
  return state_->flow.signature();
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
