#include "staronnx/serve/request_path.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "staronnx/serve/classification.h"
#include "staronnx/serve/queue_options.h"
#include "staronnx/serve/shared_tensors.h"
#include "staronnx/serve/trace_record.h"

namespace staronnx {
namespace {

using std::chrono::nanoseconds;

// What is kept of a request until its answer. `model` outlives it, as its pipeline waits for all requests.
struct Accepted {
  ServedModel* model;
  std::string id;
  std::vector<RequestedOutput> requested;          // empty: all outputs
  std::vector<std::size_t> outputs;                // their positions
  std::vector<std::optional<SharedBytes>> shared;  // by requested output
  std::int64_t batch_size;
  Clock::time_point arrival, submitted;
  Log* log;
  std::shared_ptr<TraceRecord> trace;  // null: it is not traced
  InferenceDone done;
  Allowance::Share bytes;
};

// Too late is one thing to clients, wherever it was noticed.
Error as_clients_know_it(Error error) {
  if (error.code != ErrorCode::deadline_exceeded) return error;
  return {ErrorCode::unavailable, "Request timeout expired: " + error.message};
}

// What is a fault of ours, which its client may not tell us of.
void say_fault(Log& log, const ServedModel& model, std::string_view request_id, const Error& error) {
  if (error.code != ErrorCode::internal) return;
  log.write(LogLevel::error, error.message, {{"model", model.name()}, {"version", model.version()}, {"request_id", request_id}});
}

InferenceTimes times_of(const Accepted& accepted, std::span<const SegmentRun> segments, Clock::time_point answered) {
  InferenceTimes times;
  Clock::time_point last = accepted.submitted;
  nanoseconds transfer{};
  for (const SegmentRun& run : segments) {
    times.compute_infer += run.end - run.begin;
    transfer += std::chrono::duration_cast<nanoseconds>(run.transfer);
    last = std::max(last, run.end);
  }
  const nanoseconds beside = (last - accepted.submitted) - times.compute_infer;  // segments may overlap
  times.compute_input =
      (accepted.submitted - accepted.arrival) + std::clamp(transfer, nanoseconds(0), std::max(beside, nanoseconds(0)));
  times.compute_output = answered - last;
  times.total = answered - accepted.arrival;
  times.queue = std::max(nanoseconds(0), times.total - times.compute_input - times.compute_infer - times.compute_output);
  return times;
}

// What outputs have that the pipeline's tensors do not.
struct OwnedByAnswer {
  std::vector<Tensor> classes;
  std::vector<Shape> shapes;
};

Result<std::vector<InferenceOutput>> outputs_of(const Accepted& accepted, std::span<const TensorView> tensors,
                                                OwnedByAnswer& owned) {
  const ModelSettings& settings = accepted.model->settings();
  std::vector<InferenceOutput> outputs;
  owned.classes.reserve(accepted.outputs.size());
  owned.shapes.resize(accepted.outputs.size());
  for (std::size_t i = 0; i < accepted.outputs.size(); ++i) {
    const ClientSignature& signature = accepted.model->signature();
    const std::string& name = signature.clients().outputs[accepted.outputs[i]].name;
    const Result<TensorView> tensor = signature.output(accepted.outputs[i], tensors, owned.shapes[i]);
    if (!tensor) return tensor.error();
    const std::uint32_t classes = accepted.requested.empty() ? 0 : accepted.requested[i].classes;
    outputs.push_back({name, *tensor, false});
    if (classes == 0) continue;
    const auto labels = settings.labels.find(name);
    Result<Tensor> best = classify(name, outputs.back().tensor, classes, settings.max_batch_size > 0,
                                   labels == settings.labels.end() ? std::span<const std::string>() : labels->second);
    if (!best) return best.error();
    outputs.back().tensor = owned.classes.emplace_back(*std::move(best)).view();
  }
  return outputs;
}

void answer(Accepted& accepted, const Result<Response>& response) {
  accepted.bytes = {};  // now: when all are answered the server may go
  ModelStatistics& statistics = accepted.model->statistics();
  const auto fail = [&](Error error) {
    statistics.failed(Clock::now() - accepted.arrival, error.code);
    say_fault(*accepted.log, *accepted.model, accepted.id, error);
    accepted.done(as_clients_know_it(std::move(error)));
  };
  if (!response) return fail(response.error());
  const bool ensemble = accepted.model->ensemble() != nullptr;  // whose models count and trace their segments themselves
  if (accepted.trace && !ensemble) accepted.trace->ran(*response, accepted.model->processors());
  OwnedByAnswer owned;
  Result<std::vector<InferenceOutput>> outputs = outputs_of(accepted, response->outputs, owned);
  if (!outputs) return fail(outputs.error());
  if (const Status written = write_shared(accepted.shared, *outputs); !written) return fail(written.error());
  if (!ensemble) statistics.ran(response->variant, response->segments);
  const int together = ensemble || response->segments.empty() ? 1 : response->segments.front().batch;
  // First: who has the answer finds it counted.
  statistics.succeeded(times_of(accepted, response->segments, Clock::now()), accepted.batch_size, together,
                       std::chrono::system_clock::now());
  accepted.done(InferenceResponse{accepted.model->name(), accepted.model->version(), accepted.id, *outputs, response->segments,
                                  response->keep});
}

// Takes what it needs out of `request`.
Result<RequestId> submit(const Server& server, ServedModel& model, InferenceRequest& request, InferenceDone done,
                         Clock::time_point arrival) {
  if (const Status read = read_shared(server.shared_memory(), request.inputs); !read) return read.error();
  Result<std::vector<std::optional<SharedBytes>>> shared = shared_outputs(server.shared_memory(), request.outputs);
  if (!shared) return shared.error();
  Result<FittingRequest> fitting = model.fit(request);
  if (!fitting) return fitting.error();
  const RequestOptions options = request_options(model.settings(), request, fitting->batch_size, arrival);
  const Clock::time_point now = Clock::now();
  if (request.trace) request.trace->submitted = now;
  auto accepted = std::make_shared<Accepted>(Accepted{
      &model, std::move(request.id), std::move(request.outputs), std::move(fitting->outputs), *std::move(shared),
      fitting->batch_size, arrival, now, &server.log(), std::move(request.trace), std::move(done), std::move(request.bytes)});
  const auto answered = [accepted](const Result<Response>& response) { answer(*accepted, response); };
  if (Ensemble* ensemble = model.ensemble())
    return ensemble->submit(server, {accepted->id, request.priority, options.deadline, accepted->trace},
                            std::move(fitting->inputs), accepted->outputs, answered);
  return model.pipeline()->submit(std::move(fitting->inputs), options, answered);
}

}  // namespace

void RunningInference::cancel() const {
  if (const std::shared_ptr<ServedModel> model = model_.lock()) model->cancel(request_);
}

Result<RunningInference> infer(const Server& server, InferenceRequest request, InferenceDone done) {
  const Result<std::shared_ptr<ServedModel>> model = server.catalog().find(request.model, request.version);
  if (!model) return model.error();
  return infer(server, *model, std::move(request), std::move(done));
}

Result<RunningInference> infer(const Server& server, const std::shared_ptr<ServedModel>& model, InferenceRequest request,
                               InferenceDone done) {
  const Clock::time_point arrival = Clock::now();
  if (request.trace) request.trace->version = model->version();
  model->statistics().began();  // first: the answer may come at once
  Result<RequestId> accepted = submit(server, *model, request, std::move(done), arrival);
  if (accepted) return RunningInference(model->weak_from_this(), *accepted);
  model->statistics().failed(Clock::now() - arrival, accepted.error().code);
  say_fault(server.log(), *model, request.id, accepted.error());
  return as_clients_know_it(accepted.error());
}

}  // namespace staronnx
