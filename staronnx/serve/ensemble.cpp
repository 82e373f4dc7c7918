#include "staronnx/serve/ensemble.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "staronnx/serve/ensemble_run.h"
#include "staronnx/serve/proto/model_config.pb.h"
#include "staronnx/serve/served_model.h"

namespace staronnx {
namespace {

std::string in_ms(Microseconds time) {
  return std::to_string(std::llround(Milliseconds(time).count())) + " ms";
}

}  // namespace

Result<std::shared_ptr<const EnsembleDefinition>> define(const std::string& name, std::int64_t version, const ModelConfig& config,
                                                         const std::filesystem::path& folder) {
  Signature signature = signature_of(config.message());
  Result<ModelConfig> complete = config.completed(signature);
  if (!complete) return complete.error();
  Result<ModelSettings> settings = complete->settings(folder);
  if (!settings) return settings.error();
  return std::make_shared<const EnsembleDefinition>(EnsembleDefinition{name, version, *std::move(complete), *std::move(settings),
                                                                       std::move(signature), graph_of(config.message()),
                                                                       std::make_shared<ModelStatistics>()});
}

Ensemble::~Ensemble() {
  static_cast<void>(drain(Deadline::never()));  // without a deadline it cannot fail
}

Result<RequestId> Ensemble::submit(const Server& server, StepContext context, std::vector<Tensor> inputs,
                                   std::span<const std::size_t> outputs, Pipeline::Done done) {
  const Clock::time_point now = Clock::now();
  if (context.deadline.passed(now)) return Error{ErrorCode::deadline_exceeded, "the deadline had passed when the request came"};
  if (context.deadline != Deadline::never()) {
    const Microseconds wait = expected_wait();
    if (Deadline::after(wait, now) >= context.deadline)
      return Error{ErrorCode::unavailable, "the answer is expected in more than " + in_ms(wait) + ", the deadline is in " +
                                               in_ms(context.deadline.at - now) +
                                               "; allow more time, or send fewer requests at once"};
  }
  std::unique_lock lock(mutex_);
  if (draining_) return Error{ErrorCode::unavailable, "the model is being taken out of service; try another instance"};
  const RequestId id{next_++};
  auto made = std::make_unique<EnsembleRun>(bound_, server, std::move(context), std::move(inputs), outputs, std::move(done));
  const std::shared_ptr<EnsembleRun> run(made.release(), [this, id](EnsembleRun* ended) {
    std::unique_ptr<EnsembleRun>(ended).reset();
    forget(id);
  });
  runs_.emplace(id, run);
  lock.unlock();
  if (const Status begun = run->begin(); !begun) return begun.error();
  return id;
}

void Ensemble::cancel(RequestId request) {
  std::unique_lock lock(mutex_);
  const auto found = runs_.find(request);
  const std::shared_ptr<EnsembleRun> run = found == runs_.end() ? nullptr : found->second.lock();
  lock.unlock();
  if (run) run->cancel();
}

Status Ensemble::drain(Deadline deadline) {
  std::unique_lock lock(mutex_);
  draining_ = true;
  const auto done = [this] { return runs_.empty(); };
  if (deadline == Deadline::never()) {
    all_gone_.wait(lock, done);
    return {};
  }
  if (all_gone_.wait_until(lock, deadline.at, done)) return {};
  std::vector<std::shared_ptr<EnsembleRun>> late;
  for (const auto& [id, run] : runs_) late.push_back(run.lock());
  lock.unlock();
  std::size_t cancelled = 0;
  for (std::shared_ptr<EnsembleRun>& run : late) {
    if (!run) continue;
    run->cancel();
    run.reset();
    ++cancelled;
  }
  lock.lock();
  all_gone_.wait(lock, done);
  if (cancelled == 0) return {};  // the last of them were just leaving
  return Error{ErrorCode::deadline_exceeded,
               std::to_string(cancelled) + " requests were under way at the deadline and were cancelled"};
}

Microseconds Ensemble::expected_wait() const {
  std::vector<Microseconds> wait(bound_.definition->graph.tensors.size());  // until a tensor is there
  Microseconds longest{};
  for (std::size_t i = 0; i < bound_.models.size(); ++i) {
    const EnsembleGraph::Step& step = bound_.definition->graph.steps[i];
    Microseconds begin{};
    for (const EnsembleGraph::Wire& wire : step.inputs) begin = std::max(begin, wait[wire.tensor]);
    const Microseconds end = begin + bound_.models[i]->expected_wait();
    for (const EnsembleGraph::Wire& wire : step.outputs) wait[wire.tensor] = end;
    longest = std::max(longest, end);
  }
  return longest;
}

void Ensemble::forget(RequestId request) {
  const std::lock_guard lock(mutex_);
  runs_.erase(request);
  if (runs_.empty()) all_gone_.notify_all();
}

}  // namespace staronnx
