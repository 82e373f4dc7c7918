// Calls of gRPC that are answered as soon as they come. Private to this room.
#pragma once

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include "staronnx/serve/grpc_call.h"
#include "staronnx/serve/grpc_gate.h"

namespace staronnx {

// A service's function that has gRPC wait for a call, as it is generated.
template <class Service, class Request, class Answer>
using RequestFunction = void (Service::*)(grpc::ServerContext*, Request*, grpc::ServerAsyncResponseWriter<Answer>*,
                                          grpc::CompletionQueue*, grpc::ServerCompletionQueue*, void*);

template <class Service, class Request, class Answer>
class AnsweredCall final : public UnaryCall<Request, Answer> {
 public:
  struct Kind {
    RequestFunction<Service, Request, Answer> request;
    Service& service;
    const GrpcGate& gate;
    Api api;
    const char* name;
    std::function<Status(const Request&, Answer&)> work;
  };

  AnsweredCall(GrpcQueue& queue, std::shared_ptr<const Kind> kind) : UnaryCall<Request, Answer>(queue), kind_(std::move(kind)) {}

 private:
  void request(grpc::ServerCompletionQueue& events, void* tag) override {
    (kind_->service.*kind_->request)(&this->context(), &this->asked(), &this->writer(), &events, &events, tag);
  }
  std::shared_ptr<GrpcCall> another() const override { return std::make_shared<AnsweredCall>(this->queue(), kind_); }
  void begin() override {
    this->finish(kind_->gate.reply(this->context(), kind_->api, kind_->name,
                                   [this] { return kind_->work(this->asked(), this->reply()); }));
  }

  const std::shared_ptr<const Kind> kind_;
};

// Answers all calls of the kind `request` from now on, with what `work` makes of them on a thread of the queue. `service` and `gate` outlive
// the queue.
template <class Service, class Request, class Answer>
void answer_calls(GrpcQueue& queue, std::type_identity_t<Service>& service, const GrpcGate& gate, Api api, const char* name,
                  RequestFunction<Service, Request, Answer> request,
                  std::type_identity_t<std::function<Status(const Request&, Answer&)>> work) {
  using Call = AnsweredCall<Service, Request, Answer>;
  using Kind = typename Call::Kind;
  std::make_shared<Call>(queue, std::make_shared<const Kind>(Kind{request, service, gate, api, name, std::move(work)}))->wait();
}

}  // namespace staronnx
