#include "staronnx/serve/grpc_calls.h"

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "staronnx/serve/access_line.h"
#include "staronnx/serve/grpc_gate.h"
#include "staronnx/serve/grpc_infer.h"
#include "staronnx/serve/request_path.h"
#include "staronnx/serve/trace_record.h"

namespace staronnx {
namespace {

// Requests of one stream that are read before the first of them is answered, at most. More of them would only wait in the model's queue.
constexpr std::size_t kMostAhead = 1024;

void name(std::optional<AccessLine>& access, const inference::ModelInferRequest& request) {
  if (!access) return;
  access->model = request.model_name();
  access->request_id = request.id();
}

std::string lines_of(const grpc::CallbackServerContext& context, const char* field) {
  std::string lines;
  const auto [begin, end] = context.client_metadata().equal_range(field);
  for (auto line = begin; line != end; ++line) {
    if (line != begin) lines += ',';
    lines.append(line->second.data(), line->second.size());
  }
  return lines;
}

// When a request's trace begins, if it has one: before the request is parsed, which says whether it has.
class TraceBegin {
 public:
  explicit TraceBegin(Tracer& tracer) : tracer_(tracer) {
    if (tracer.on()) begin_ = Clock::now();
  }

  // Null when the request is not traced.
  std::shared_ptr<TraceRecord> of(const inference::ModelInferRequest& request, const grpc::CallbackServerContext& context) const {
    if (!begin_) return nullptr;
    std::shared_ptr<TraceRecord> trace =
        tracer_.begin({"gRPC", request.model_name(), *begin_, lines_of(context, "traceparent"), lines_of(context, "tracestate")});
    if (trace) trace->request_id = request.id();
    return trace;
  }

 private:
  Tracer& tracer_;
  std::optional<Clock::time_point> begin_;
};

// gRPC calls it back only when begin() has returned.
class InferCall : public grpc::ServerUnaryReactor {
 public:
  InferCall(const Server& server, grpc::ByteBuffer& answer)
      : server_(server),
        access_(access_line(server.log(),
                            [] {
                              return AccessLine{"gRPC", "", "ModelInfer"};
                            })),
        answer_(answer),
        held_(server.bytes_in_flight()) {}

  void begin(const grpc::CallbackServerContext& context, grpc::ByteBuffer& message) {
    const TraceBegin begun(server_.tracer());
    Allowance::Share bytes(server_.bytes_in_flight());
    if (!bytes.grow(message.Length())) return end(grpc_status(too_much_in_flight(server_.bytes_in_flight())));
    Result<GrpcRequest> parsed = parse_infer_request(message);
    message.Clear();
    if (!parsed) return end(grpc_status(parsed.error()));
    name(access_, parsed->head);
    trace_ = begun.of(parsed->head, context);
    Result<InferenceRequest> request = inference_of(*std::move(parsed));
    if (!request) return end(grpc_status(request.error()));
    request->bytes = std::move(bytes);
    request->trace = trace_;
    Result<RunningInference> running =
        infer(server_, *std::move(request), [this](const Result<InferenceResponse>& response) { answer(response); });
    if (!running) return end(grpc_status(running.error()));
    running_ = *running;
  }

 private:
  void answer(const Result<InferenceResponse>& response) {
    if (!response) return end(grpc_status(response.error()));
    Result<grpc::ByteBuffer> message = answer_message(*response);
    if (!message) return end(grpc_status(message.error()));
    if (!held_.grow(message->Length())) return end(grpc_status(too_much_in_flight(server_.bytes_in_flight())));
    answer_ = *std::move(message);
    end(grpc::Status::OK);
  }

  void end(const grpc::Status& status) {
    if (access_) access_->write(server_.log(), word_of(status));
    if (trace_) trace_->error = status.error_message();
    Finish(status);
  }

  void OnCancel() override { running_.cancel(); }
  void OnDone() override {
    if (trace_) trace_->end = Clock::now();
    delete this;
  }
  // Not of gRPC's public interface: says that the reactions are trivial, as these two are. Else every call would wake a thread of gRPC's for
  // them: 11,200 against 13,900 requests/s with 16 floats (scripts/server-figures protocol).
  bool InternalInlineable() override { return true; }

  const Server& server_;
  std::optional<AccessLine> access_;
  std::shared_ptr<TraceRecord> trace_;  // null: it is not traced
  grpc::ByteBuffer& answer_;
  Allowance::Share held_;  // the answer's, until it is sent
  RunningInference running_;
};

//   read a request -> its place in the line -> infer -> answer in its place -> written when it is the first -> read on
//
// Ends when the client has said that no more come and all are answered, or has gone away and all inferences have ended.
class StreamCall : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  StreamCall(const Server& server, const grpc::CallbackServerContext& context) : server_(server), context_(context) {
    StartRead(&incoming_);
  }

 private:
  struct Place {
    std::string id;
    bool final_mark = false;
    std::optional<AccessLine> access;
    std::shared_ptr<TraceRecord> trace;  // null: it is not traced
    RunningInference running;
    std::optional<grpc::ByteBuffer> answer;
    Allowance::Share held;  // the answer's, until it is sent
  };

  void OnReadDone(bool ok) override {
    if (ok) take(std::make_shared<Place>());
    go_on([&] {
      reading_ = false;
      no_more_ = no_more_ || !ok;
    });
  }

  void OnWriteDone(bool ok) override {
    go_on([&] {
      writing_ = false;
      broken_ = broken_ || !ok;
      if (line_.front()->trace) line_.front()->trace->end = Clock::now();
      line_.pop_front();
    });
  }

  void OnCancel() override {
    std::vector<RunningInference> running;
    go_on([&] {
      broken_ = true;
      for (const auto& place : line_) running.push_back(place->running);
    });
    for (const RunningInference& inference : running) inference.cancel();
  }

  void OnDone() override { delete this; }

  void take(const std::shared_ptr<Place>& place) {
    {
      const std::lock_guard lock(mutex_);
      line_.push_back(place);
    }
    place->access = access_line(server_.log(), [] { return AccessLine{"gRPC", "", "ModelStreamInfer"}; });
    const TraceBegin begun(server_.tracer());
    Allowance::Share bytes(server_.bytes_in_flight());
    if (!bytes.grow(incoming_.Length())) return answer(*place, too_much_in_flight(server_.bytes_in_flight()));
    Result<GrpcRequest> message = parse_infer_request(incoming_);
    incoming_.Clear();
    if (!message) return answer(*place, message.error());
    name(place->access, message->head);
    place->id = message->head.id();
    place->final_mark = wants_final_mark(message->head);
    place->trace = begun.of(message->head, context_);
    Result<InferenceRequest> request = inference_of(*std::move(message));
    if (!request) return answer(*place, request.error());
    request->bytes = std::move(bytes);
    request->trace = place->trace;
    Result<RunningInference> running = infer(
        server_, *std::move(request), [this, place](const Result<InferenceResponse>& response) { answer(*place, response); });
    if (!running) return answer(*place, running.error());
    bool broken = false;
    {
      const std::lock_guard lock(mutex_);
      place->running = *running;
      broken = broken_;
    }
    if (broken) running->cancel();
  }

  void answer(Place& place, const Result<InferenceResponse>& response) {
    Result<grpc::ByteBuffer> message = response ? stream_answer_message(*response, place.final_mark)
                                                : stream_error_message(place.id, response.error(), place.final_mark);
    place.held = Allowance::Share(server_.bytes_in_flight());
    if (message && !place.held.grow(message->Length())) message = too_much_in_flight(server_.bytes_in_flight());
    if (place.access) {
      const grpc::Status status = !response  ? grpc_status(response.error())
                                  : !message ? grpc_status(message.error())
                                             : grpc::Status::OK;
      place.access->write(server_.log(), word_of(status));
    }
    if (place.trace && !response) place.trace->error = response.error().message;
    go_on([&] {
      place.answer = message ? *std::move(message) : stream_error_message(place.id, message.error(), place.final_mark);
    });
  }

  // After `change`, with the lock held, does what can be done next. The end comes without the lock, and then nothing of this is touched
  // any more: gRPC may delete it.
  template <class Change>
  void go_on(const Change& change) {
    {
      const std::lock_guard lock(mutex_);
      change();
      if (!write_next()) return;
    }
    Finish(grpc::Status::OK);
  }

  // With the lock held. True once, when all is done.
  bool write_next() {
    while (broken_ && !writing_ && !line_.empty() && line_.front()->answer) line_.pop_front();
    if (!writing_ && !line_.empty() && line_.front()->answer) {
      writing_ = true;
      StartWrite(&*line_.front()->answer);
    }
    if (!reading_ && !no_more_ && line_.size() < kMostAhead) {
      reading_ = true;
      StartRead(&incoming_);
    }
    return no_more_ && !reading_ && line_.empty() && !std::exchange(ended_, true);
  }

  const Server& server_;
  const grpc::CallbackServerContext& context_;
  grpc::ByteBuffer incoming_;  // the reader's

  std::mutex mutex_;  // guards what follows
  bool reading_ = true;
  bool writing_ = false;
  bool no_more_ = false;  // requests come
  bool broken_ = false;   // nobody takes answers
  bool ended_ = false;
  std::deque<std::shared_ptr<Place>> line_;  // requests without answers that are written, in the order in which they came
};

}  // namespace

grpc::ServerUnaryReactor* begin_infer(const Server& server, const grpc::CallbackServerContext& context, grpc::ByteBuffer& request,
                                      grpc::ByteBuffer& answer) {
  auto call = std::make_unique<InferCall>(server, answer);
  call->begin(context, request);
  return call.release();  // gRPC's, until OnDone()
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* begin_stream_infer(const Server& server,
                                                                                const grpc::CallbackServerContext& context) {
  return std::make_unique<StreamCall>(server, context).release();  // gRPC's, until OnDone()
}

}  // namespace staronnx
