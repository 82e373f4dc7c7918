#include "staronnx/serve/ensemble_run.h"

#include <algorithm>
#include <utility>

#include "staronnx/serve/served_model.h"
#include "staronnx/serve/trace_record.h"

namespace staronnx {

using Wire = EnsembleGraph::Wire;

namespace {

// `trace`: a step's; null where the request is not traced.
void end(const std::shared_ptr<TraceRecord>& trace, const Status& status) {
  if (!trace) return;
  trace->end = Clock::now();
  if (!status) trace->error = status.error().message;
}

}  // namespace

EnsembleRun::EnsembleRun(const BoundEnsemble& ensemble, const Server& server, StepContext context, std::vector<Tensor> inputs,
                         std::span<const std::size_t> outputs, Pipeline::Done done)
    : ensemble_(ensemble),
      graph_(ensemble.definition->graph),
      server_(server),
      context_(std::move(context)),
      done_(std::move(done)),
      wanted_(graph_.outputs.size()),
      readers_(graph_.tensors.size()),
      written_(graph_.steps.size()),
      tensors_(graph_.tensors.size()),
      missing_(graph_.steps.size()),
      running_(graph_.steps.size()) {
  want(outputs);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].type() == DataType::undefined) continue;
    for (std::size_t reader = 1; reader < readers_[i]; ++reader) tensors_[i].push_back(copy_of(inputs[i].view()));
    tensors_[i].push_back(std::move(inputs[i]));
  }
}

// From the outputs back to the inputs.
void EnsembleRun::want(std::span<const std::size_t> outputs) {
  for (const std::size_t output : outputs) {
    wanted_[output] = true;
    ++readers_[graph_.outputs[output]];
  }
  for (std::size_t i = graph_.steps.size(); i-- > 0;) {
    const EnsembleGraph::Step& step = graph_.steps[i];
    for (const Wire& wire : step.outputs) {
      if (readers_[wire.tensor] > 0) written_[i].push_back(wire.tensor);
    }
    if (written_[i].empty()) continue;
    ++left_;
    missing_[i] = step.inputs.size();
    for (const Wire& wire : step.inputs) ++readers_[wire.tensor];
  }
}

Status EnsembleRun::begin() {
  std::vector<std::size_t> inputs(ensemble_.definition->signature.inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) inputs[i] = i;
  std::unique_lock lock(mutex_);
  const Steps first = ready_after(inputs);
  lock.unlock();
  Status started = start(first);
  if (started || !take_end()) return {};
  cancel();
  return started;
}

void EnsembleRun::cancel() {
  std::unique_lock lock(mutex_);
  cancelled_ = true;
  const std::vector<RunningInference> running = running_;
  lock.unlock();
  for (const RunningInference& step : running) step.cancel();
}

EnsembleRun::Steps EnsembleRun::ready_after(std::span<const std::size_t> tensors) {
  Steps ready;
  for (std::size_t i = 0; i < written_.size(); ++i) {
    if (missing_[i] == 0) continue;  // runs, or is not wanted
    for (const Wire& wire : graph_.steps[i].inputs) missing_[i] -= std::ranges::count(tensors, wire.tensor) > 0 ? 1 : 0;
    if (missing_[i] == 0) ready.push_back(i);
  }
  return ready;
}

InferenceRequest EnsembleRun::request_of(std::size_t step) {
  const EnsembleGraph::Step& planned = graph_.steps[step];
  const Signature& clients = ensemble_.models[step]->signature().clients();
  InferenceRequest request{planned.model, planned.version, context_.id};
  request.priority = context_.priority;
  request.deadline = context_.deadline;
  for (const Wire& wire : planned.inputs) {
    if (tensors_[wire.tensor].empty()) continue;
    Tensor tensor = std::move(tensors_[wire.tensor].back());
    tensors_[wire.tensor].pop_back();
    tensor.see_as(tensor.type(), handed_over(tensor.shape(), *std::ranges::find(clients.inputs, wire.name, &TensorInfo::name)));
    request.inputs.push_back({wire.name, std::move(tensor)});
  }
  for (const std::size_t tensor : written_[step])
    request.outputs.push_back({std::ranges::find(planned.outputs, tensor, &Wire::tensor)->name});
  return request;
}

Status EnsembleRun::start(const Steps& steps) {
  for (const std::size_t step : steps) {
    if (Status started = start(step); !started) return started;
  }
  return {};
}

Status EnsembleRun::start(std::size_t step) {
  std::unique_lock lock(mutex_);
  if (answered_) return {};
  if (cancelled_) return Error{ErrorCode::cancelled, "the request was cancelled"};
  InferenceRequest request = request_of(step);
  if (context_.trace) request.trace = server_.tracer().begin_step(context_.trace, graph_.steps[step].model);
  const std::shared_ptr<TraceRecord> trace = request.trace;
  lock.unlock();
  const Result<RunningInference> running = infer(
      server_, ensemble_.models[step], std::move(request),
      [run = shared_from_this(), step, trace](const Result<InferenceResponse>& response) { run->ended(step, trace, response); });
  if (!running) {
    end(trace, running.error());
    return with_context(called(step), running.error());
  }
  lock.lock();
  running_[step] = *running;
  const bool in_vain = cancelled_ || answered_;
  lock.unlock();
  if (in_vain) running->cancel();
  return {};
}

std::string EnsembleRun::called(std::size_t step) const {
  return "in ensemble '" + ensemble_.definition->name + "', model '" + graph_.steps[step].model + "'";
}

void EnsembleRun::ended(std::size_t step, const std::shared_ptr<TraceRecord>& trace, const Result<InferenceResponse>& response) {
  end(trace, response ? Status() : Status(response.error()));
  if (!response) return fail(with_context(called(step), response.error()));
  std::unique_lock lock(mutex_);
  if (answered_) return;
  const bool last = left_ == 1;  // then it stays so
  lock.unlock();
  const std::vector<std::size_t>& written = written_[step];
  std::vector<std::vector<Tensor>> copies;
  if (!last) copies = copies_of(*response, written);
  lock.lock();
  for (std::size_t i = 0; i < copies.size(); ++i) tensors_[written[i]] = std::move(copies[i]);
  segments_.insert(segments_.end(), response->segments.begin(), response->segments.end());
  const bool all = --left_ == 0;
  const Steps next = ready_after(written);
  lock.unlock();
  if (all) return answer(written, *response);
  if (const Status started = start(next); !started) fail(started.error());
}

std::vector<std::vector<Tensor>> EnsembleRun::copies_of(const InferenceResponse& response,
                                                        std::span<const std::size_t> tensors) const {
  std::vector<std::vector<Tensor>> copies(tensors.size());
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    for (std::size_t reader = 0; reader < readers_[tensors[i]]; ++reader)
      copies[i].push_back(copy_of(response.outputs[i].tensor));
  }
  return copies;
}

// `response` is that of the last step, which wrote `tensors`; no other thread has to do with the run any more.
void EnsembleRun::answer(std::span<const std::size_t> tensors, const InferenceResponse& response) {
  if (!take_end()) return;
  std::vector<TensorView> outputs(graph_.outputs.size());
  std::vector<Shape> shapes(graph_.outputs.size());
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (!wanted_[i]) continue;
    const std::vector<Tensor>& kept = tensors_[graph_.outputs[i]];
    const auto at = std::ranges::find(tensors, graph_.outputs[i]) - tensors.begin();
    outputs[i] = kept.empty() ? response.outputs[static_cast<std::size_t>(at)].tensor : kept.back().view();
    shapes[i] = handed_over(Shape(outputs[i].shape.begin(), outputs[i].shape.end()), ensemble_.definition->signature.outputs[i]);
    outputs[i].shape = shapes[i];
  }
  done_(Response{outputs, segments_, {}, response.keep});
}

void EnsembleRun::fail(const Error& error) {
  if (!take_end()) return;
  done_(error);
  cancel();
}

bool EnsembleRun::take_end() {
  const std::lock_guard lock(mutex_);
  return !std::exchange(answered_, true);
}

}  // namespace staronnx
