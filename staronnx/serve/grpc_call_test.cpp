// Calls on a queue of several threads, over real sockets; the health check stands for all services.
#include "staronnx/serve/grpc_call.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/server.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "staronnx/serve/proto/health.grpc.pb.h"

namespace staronnx {
namespace {

using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

class CheckCall final : public UnaryCall<HealthCheckRequest, HealthCheckResponse> {
 public:
  using Begin = std::function<void(const std::shared_ptr<CheckCall>&)>;

  CheckCall(GrpcQueue& queue, Health::AsyncService& service, const Begin& begin)
      : UnaryCall(queue), service_(service), begin_(begin) {}

  const std::string& asked_of() { return asked().service(); }
  void answer(const grpc::Status& status = grpc::Status::OK) {
    reply().set_status(HealthCheckResponse::SERVING);
    finish(status);
  }

  std::promise<void> left;  // when the client is gone

 private:
  void request(grpc::ServerCompletionQueue& events, void* tag) override {
    service_.RequestCheck(&context(), &asked(), &writer(), &events, &events, tag);
  }
  std::shared_ptr<GrpcCall> another() const override { return std::make_shared<CheckCall>(queue(), service_, begin_); }
  void begin() override { begin_(std::static_pointer_cast<CheckCall>(shared_from_this())); }
  void gone() override { left.set_value(); }

  Health::AsyncService& service_;
  const Begin& begin_;
};

class GrpcCallTest : public testing::Test {
 protected:
  void serve(CheckCall::Begin with) {
    begin = std::move(with);
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service);
    queue.emplace(builder);
    server = builder.BuildAndStart();
    ASSERT_NE(server, nullptr);
    std::make_shared<CheckCall>(*queue, service, begin)->wait();
    queue->start(3);
    stub = Health::NewStub(grpc::CreateChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials()));
  }

  void end() {
    server->Shutdown(std::chrono::system_clock::now());
    queue->end();
  }

  void TearDown() override {
    if (server) end();
  }

  grpc::Status check(const std::string& name) {
    grpc::ClientContext context;
    return check(name, context);
  }
  grpc::Status check(const std::string& name, grpc::ClientContext& context) {
    HealthCheckRequest request;
    request.set_service(name);
    HealthCheckResponse answer;
    const grpc::Status status = stub->Check(&context, request, &answer);
    EXPECT_EQ(status.ok(), answer.status() == HealthCheckResponse::SERVING);
    return status;
  }

  Health::AsyncService service;
  CheckCall::Begin begin;
  std::optional<GrpcQueue> queue;
  std::unique_ptr<grpc::Server> server;
  std::unique_ptr<Health::Stub> stub;
};

TEST_F(GrpcCallTest, EachIsAnsweredByWhoeverHasIt) {
  boost::asio::thread_pool models(2);
  serve([&](const std::shared_ptr<CheckCall>& call) {
    if (call->asked_of() == "at once") return call->answer();
    boost::asio::post(models, [call] { call->answer(call->asked_of() == "never" ? grpc::Status::CANCELLED : grpc::Status::OK); });
  });
  std::vector<std::jthread> clients;
  for (int client = 0; client < 4; ++client) {
    clients.emplace_back([this] {
      for (int i = 0; i < 100; ++i) {
        EXPECT_TRUE(check("at once").ok());
        EXPECT_TRUE(check("later").ok());
        EXPECT_EQ(check("never").error_code(), grpc::CANCELLED);
      }
    });
  }
  clients.clear();
}

TEST_F(GrpcCallTest, WhoAnswersHearsThatTheClientIsGone) {
  std::promise<std::shared_ptr<CheckCall>> begun;
  serve([&](const std::shared_ptr<CheckCall>& call) { begun.set_value(call); });
  grpc::ClientContext context;
  std::jthread client([&] { EXPECT_EQ(check("x", context).error_code(), grpc::CANCELLED); });
  const std::shared_ptr<CheckCall> call = begun.get_future().get();
  context.TryCancel();
  call->left.get_future().wait();
  call->answer();  // nobody hears it
}

TEST_F(GrpcCallTest, WhoAnswersHearsThatTheDeadlineHasPassed) {
  std::promise<std::shared_ptr<CheckCall>> begun;
  serve([&](const std::shared_ptr<CheckCall>& call) { begun.set_value(call); });
  std::jthread client([&] {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(50));
    EXPECT_EQ(check("x", context).error_code(), grpc::DEADLINE_EXCEEDED);
  });
  const std::shared_ptr<CheckCall> call = begun.get_future().get();
  call->left.get_future().wait();
  call->answer();
}

TEST_F(GrpcCallTest, TheEndWaitsForThoseWhoAnswer) {
  std::promise<std::shared_ptr<CheckCall>> begun;
  serve([&](const std::shared_ptr<CheckCall>& call) { begun.set_value(call); });
  std::jthread client([this] { EXPECT_FALSE(check("x").ok()); });
  std::shared_ptr<CheckCall> call = begun.get_future().get();
  std::atomic<bool> answered = false;
  std::jthread model([&] {
    call->left.get_future().wait();
    call->answer();
    answered = true;
    call = nullptr;
  });
  end();
  EXPECT_TRUE(answered);
}

TEST(GrpcQueue, EndsWithoutAServer) {
  grpc::ServerBuilder builder;
  GrpcQueue queue(builder);
  queue.end();
}

}  // namespace
}  // namespace staronnx
