#include "staronnx/schedule/pipeline.h"

#include <cstddef>
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

// By place. All places load at once.
Result<std::vector<Executors>> load(Engine& engine, const std::filesystem::path& directory, const Variant& variant,
                                    std::span<const Place> places) {
  std::vector<Result<Executors>> loaded(places.size(), Result<Executors>(Executors{}));
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < places.size(); ++i) {
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
    std::map<int, std::size_t> kinds;  // by width
    for (std::size_t place = 0; place < places.size(); ++place) {
      const int width = places[place].width();
      const std::size_t kind = kinds.emplace(width, kinds.size()).first->second;
      PreparedSegment::OnPlace& made = on_place.emplace_back(PreparedSegment::OnPlace{by_place[place][i], {}, kind});
      for (const int batch : batches) made.planned.push_back(expected_time(segment, width, batch));
    }
    segments.push_back(std::make_unique<PreparedSegment>(segment.file, std::move(on_place), std::move(batches)));
  }
  return segments;
}

}  // namespace

struct Pipeline::State : Flow {
  using Flow::Flow;
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
  return std::make_unique<Pipeline>(std::make_unique<State>(runtime.state(), plan.signature, std::move(*route),
                                                            prepared_segments(**chosen, *executors, runtime.places()), options));
}

Pipeline::Pipeline(std::unique_ptr<State> state) : state_(std::move(state)) {}

Pipeline::~Pipeline() = default;

const Signature& Pipeline::signature() const {
  return state_->signature();
}

Result<RequestId> Pipeline::submit(std::vector<Tensor> inputs, const RequestOptions& options, Done done) {
  return state_->submit(std::move(inputs), options, std::move(done));
}

void Pipeline::cancel(RequestId request) {
  state_->cancel(request);
}

Status Pipeline::drain(Deadline deadline) {
  return state_->drain(deadline);
}

Microseconds Pipeline::expected_wait() const {
  return state_->expected_wait();
}

}  // namespace staronnx
