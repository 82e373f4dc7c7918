#include "staronnx/serve/grpc_calls.h"

#include <grpcpp/support/async_stream.h>

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "staronnx/serve/access_line.h"
#include "staronnx/serve/grpc_call.h"
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

std::string lines_of(const grpc::ServerContext& context, const char* field) {
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
  std::shared_ptr<TraceRecord> of(const inference::ModelInferRequest& request, const grpc::ServerContext& context) const {
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

class InferCall final : public UnaryCall<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  explicit InferCall(const InferenceCalls& calls)
      : UnaryCall(calls.queue), calls_(calls), held_(calls.server.bytes_in_flight()) {}

 private:
  void request(grpc::ServerCompletionQueue& events, void* tag) override {
    calls_.service.RequestModelInfer(&context(), &asked(), &writer(), &events, &events, tag);
  }
  std::shared_ptr<GrpcCall> another() const override { return std::make_shared<InferCall>(calls_); }

  void begin() override {
    if (const auto refused = calls_.gate.refusal(context(), Api::inference, "ModelInfer")) return finish(*refused);
    access_ = access_line(calls_.server.log(), [] { return AccessLine{"gRPC", "", "ModelInfer"}; });
    Result<InferenceRequest> request = take();
    if (!request) return end(grpc_status(request.error()));
    Result<RunningInference> running = infer(calls_.server, *std::move(request),
                                             [call = std::static_pointer_cast<InferCall>(shared_from_this())](
                                                 const Result<InferenceResponse>& response) { call->answer(response); });
    if (!running) return end(grpc_status(running.error()));
    running_ = *running;
  }

  // What was asked, which is empty then.
  Result<InferenceRequest> take() {
    const TraceBegin begun(calls_.server.tracer());
    Allowance::Share bytes(calls_.server.bytes_in_flight());
    if (!bytes.grow(asked().Length())) return too_much_in_flight(calls_.server.bytes_in_flight());
    Result<GrpcRequest> parsed = parse_infer_request(asked());
    asked().Clear();
    if (!parsed) return parsed.error();
    name(access_, parsed->head);
    trace_ = begun.of(parsed->head, context());
    Result<InferenceRequest> request = inference_of(*std::move(parsed));
    if (!request) return request.error();
    request->bytes = std::move(bytes);
    request->trace = trace_;
    return request;
  }

  void answer(const Result<InferenceResponse>& response) {
    if (!response) return end(grpc_status(response.error()));
    Result<grpc::ByteBuffer> message = answer_message(*response);
    if (!message) return end(grpc_status(message.error()));
    if (!held_.grow(message->Length())) return end(grpc_status(too_much_in_flight(calls_.server.bytes_in_flight())));
    reply() = *std::move(message);
    end(grpc::Status::OK);
  }

  void end(const grpc::Status& status) {
    if (access_) access_->write(calls_.server.log(), word_of(status));
    if (trace_) trace_->error = status.error_message();
    finish(status);
  }

  void gone() override { running_.cancel(); }
  void finished() override {
    if (trace_) trace_->end = Clock::now();
  }

  const InferenceCalls calls_;
  std::optional<AccessLine> access_;
  std::shared_ptr<TraceRecord> trace_;  // null: it is not traced
  Allowance::Share held_;               // the answer's, until it is sent
  RunningInference running_;
};

//   read a request -> its place in the line -> infer -> answer in its place -> written when it is the first -> read on
//
// Ends when the client has said that no more come and all are answered, or has gone away and all inferences have ended.
class StreamCall final : public GrpcCall {
 public:
  explicit StreamCall(const InferenceCalls& calls) : GrpcCall(calls.queue), calls_(calls) {}

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

  void request(grpc::ServerCompletionQueue& events, void* tag) override {
    calls_.service.RequestModelStreamInfer(&context(), &stream_, &events, &events, tag);
  }
  std::shared_ptr<GrpcCall> another() const override { return std::make_shared<StreamCall>(calls_); }

  void begin() override {
    const auto refused = calls_.gate.refusal(context(), Api::inference, "ModelStreamInfer");
    refused ? stream_.Finish(*refused, tag(finished_)) : stream_.Read(&incoming_, tag(read_));
  }

  void on_read(bool ok) {
    if (ok) take(std::make_shared<Place>());
    go_on([&] {
      reading_ = false;
      no_more_ = no_more_ || !ok;
    });
  }

  void on_written(bool ok) {
    go_on([&] {
      writing_ = false;
      broken_ = broken_ || !ok;
      if (line_.front()->trace) line_.front()->trace->end = Clock::now();
      line_.pop_front();
    });
  }

  void gone() override {
    std::vector<RunningInference> running;
    go_on([&] {
      broken_ = true;
      for (const auto& place : line_) running.push_back(place->running);
    });
    for (const RunningInference& inference : running) inference.cancel();
  }

  void take(const std::shared_ptr<Place>& place) {
    {
      const std::lock_guard lock(mutex_);
      line_.push_back(place);
    }
    place->access = access_line(calls_.server.log(), [] { return AccessLine{"gRPC", "", "ModelStreamInfer"}; });
    const TraceBegin begun(calls_.server.tracer());
    Allowance::Share bytes(calls_.server.bytes_in_flight());
    if (!bytes.grow(incoming_.Length())) return answer(*place, too_much_in_flight(calls_.server.bytes_in_flight()));
    Result<GrpcRequest> message = parse_infer_request(incoming_);
    incoming_.Clear();
    if (!message) return answer(*place, message.error());
    name(place->access, message->head);
    place->id = message->head.id();
    place->final_mark = wants_final_mark(message->head);
    place->trace = begun.of(message->head, context());
    Result<InferenceRequest> request = inference_of(*std::move(message));
    if (!request) return answer(*place, request.error());
    request->bytes = std::move(bytes);
    request->trace = place->trace;
    Result<RunningInference> running =
        infer(calls_.server, *std::move(request),
              [this, self = shared_from_this(), place](const Result<InferenceResponse>& response) { answer(*place, response); });
    if (!running) return answer(*place, running.error());
    bool broken = false;
    {
      const std::lock_guard lock(mutex_);
      place->running = *running;
      broken = broken_;
    }
    if (broken) running->cancel();
  }

  Result<grpc::ByteBuffer> message_of(Place& place, const Result<InferenceResponse>& response) const {
    if (!response) return stream_error_message(place.id, response.error(), place.final_mark);
    Result<grpc::ByteBuffer> message = stream_answer_message(*response, place.final_mark);
    place.held = Allowance::Share(calls_.server.bytes_in_flight());
    if (message && !place.held.grow(message->Length())) return too_much_in_flight(calls_.server.bytes_in_flight());
    return message;
  }

  void answer(Place& place, const Result<InferenceResponse>& response) {
    Result<grpc::ByteBuffer> message = message_of(place, response);
    if (place.access) {
      const grpc::Status status = !response  ? grpc_status(response.error())
                                  : !message ? grpc_status(message.error())
                                             : grpc::Status::OK;
      place.access->write(calls_.server.log(), word_of(status));
    }
    if (place.trace && !response) place.trace->error = response.error().message;
    go_on([&] {
      place.answer = message ? *std::move(message) : stream_error_message(place.id, message.error(), place.final_mark);
    });
  }

  // After `change`, with the lock held, does what can be done next.
  template <class Change>
  void go_on(const Change& change) {
    const std::lock_guard lock(mutex_);
    change();
    if (all_done()) stream_.Finish(grpc::Status::OK, tag(finished_));
  }

  // With the lock held. True once, when all is done.
  bool all_done() {
    while (broken_ && !writing_ && !line_.empty() && line_.front()->answer) line_.pop_front();
    if (!writing_ && !line_.empty() && line_.front()->answer) {
      writing_ = true;
      stream_.Write(*line_.front()->answer, tag(written_));
    }
    if (!reading_ && !no_more_ && line_.size() < kMostAhead) {
      reading_ = true;
      stream_.Read(&incoming_, tag(read_));
    }
    return no_more_ && !reading_ && line_.empty() && !std::exchange(ended_, true);
  }

  const InferenceCalls calls_;
  grpc::ServerAsyncReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer> stream_{&context()};
  GrpcEvent read_{[this](bool ok) { on_read(ok); }};
  GrpcEvent written_{[this](bool ok) { on_written(ok); }};
  GrpcEvent finished_{[](bool) {}};
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

void serve_infer(const InferenceCalls& calls) {
  std::make_shared<InferCall>(calls)->wait();
}

void serve_stream_infer(const InferenceCalls& calls) {
  std::make_shared<StreamCall>(calls)->wait();
}

}  // namespace staronnx
