// A call of gRPC, of whatever kind. Private to this room.
//
//   wait() -> it comes, and another of its kind waits -> begin() -> finish -> gone from memory
//                                                           \-> the client goes away -> gone()
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/async_unary_call.h>

#include <atomic>
#include <memory>

#include "staronnx/serve/grpc_queue.h"

namespace staronnx {

// It lives as long as gRPC has something to do for it, or somebody else keeps it.
class GrpcCall : public std::enable_shared_from_this<GrpcCall> {
 public:
  virtual ~GrpcCall() = default;
  GrpcCall(const GrpcCall&) = delete;
  GrpcCall& operator=(const GrpcCall&) = delete;

  // Becomes the next one of its kind that comes. Until the server is shut down another follows it.
  void wait();

 protected:
  explicit GrpcCall(GrpcQueue& queue);

  GrpcQueue& queue() const { return queue_; }
  grpc::ServerContext& context() { return context_; }
  // For an event of this call.
  void* tag(GrpcEvent& event) { return event.tag(shared_from_this()); }

 private:
  // Has gRPC fill this when a call comes.
  virtual void request(grpc::ServerCompletionQueue& events, void* tag) = 0;
  virtual std::shared_ptr<GrpcCall> another() const = 0;

  // It is there; it is answered now or later, by any thread.
  virtual void begin() = 0;
  // After begin(): its client is gone, or waits no longer, and it may be answered already. It must be, nevertheless.
  virtual void gone() {}

  void come(bool ok);
  void end();

  const GrpcQueue::Call counted_;  // goes last
  GrpcQueue& queue_;
  grpc::ServerContext context_;
  GrpcEvent comes_, ends_;
  std::atomic<bool> either_ = false;  // begin() has returned, or the client is gone
};

// With one request and one answer.
template <class Request, class Answer>
class UnaryCall : public GrpcCall {
 protected:
  explicit UnaryCall(GrpcQueue& queue) : GrpcCall(queue) {}

  Request& asked() { return asked_; }
  Answer& reply() { return reply_; }
  grpc::ServerAsyncResponseWriter<Answer>& writer() { return writer_; }

  // Sends the reply, if `status` is OK. Once.
  void finish(const grpc::Status& status) { writer_.Finish(reply_, status, tag(finishes_)); }

 private:
  // gRPC has sent it, or could not.
  virtual void finished() {}

  Request asked_;
  Answer reply_;
  grpc::ServerAsyncResponseWriter<Answer> writer_{&context()};
  GrpcEvent finishes_{[this](bool) { finished(); }};
};

}  // namespace staronnx
