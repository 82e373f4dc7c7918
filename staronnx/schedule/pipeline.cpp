#include "staronnx/schedule/pipeline.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "staronnx/schedule/flow.h"
#include "staronnx/schedule/prepared_variant.h"
#include "staronnx/schedule/runtime_state.h"
#include "staronnx/schedule/trials.h"

namespace staronnx {
namespace {

Result<const Variant*> find_variant(const Plan& plan, const std::string& name) {
  if (const Variant* variant = plan.find(name)) return variant;
  std::string known;
  for (const Variant& variant : plan.variants) known += (known.empty() ? "" : ", ") + variant.name;
  return Error{ErrorCode::not_found, "the plan has no variant '" + name + "'; it has: " + known};
}

// Those that requests may run.
Result<std::vector<const Variant*>> chosen_variants(const Runtime::State& runtime, const Plan& plan, const std::string& name) {
  std::vector<const Variant*> chosen;
  if (!name.empty()) {
    const Result<const Variant*> variant = find_variant(plan, name);
    if (!variant) return variant.error();
    chosen.push_back(*variant);
  } else {
    for (const Variant& variant : plan.variants) chosen.push_back(&variant);
    if (!runtime.own_policy) chosen.resize(1);
  }
  return chosen;
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

Result<std::unique_ptr<Pipeline>> Pipeline::open(Runtime& runtime, ExecutorFactory& engine, const Plan& plan,
                                                 const std::filesystem::path& directory, const std::string& variant,
                                                 const PipelineOptions& options) {
  const Result<std::vector<const Variant*>> chosen = chosen_variants(runtime.state(), plan, variant);
  if (!chosen) return chosen.error();
  std::vector<std::string> notes;
  std::vector<PreparedVariant> variants;
  auto on_nodes = std::make_unique<OnNodes>(runtime.state());
  for (const Variant* each : *chosen) {
    Result<PreparedVariant> prepared = prepare_variant(runtime.state(), engine, plan, directory, *each, notes);
    if (!prepared) return prepared.error();
    if (Status there = on_nodes->prepare(directory, *each, prepared->segments); !there) return there.error();
    variants.push_back(*std::move(prepared));
  }
  try_out(runtime.state(), plan, variants, notes);
  std::unique_ptr<State> state(
      new State{std::move(notes), std::move(on_nodes), Flow(runtime.state(), plan.signature, std::move(variants), options)});
  if (options.batch_wait.count() > 0 && !state->flow.waits_for_batches())
    state->notes.emplace_back("requests do not wait for others to run with: the plan has no batches that pay");
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
