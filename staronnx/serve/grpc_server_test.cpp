#include "staronnx/serve/grpc_server.h"

#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "staronnx/serve/proto/grpc_service.grpc.pb.h"
#include "staronnx/serve/proto/health.grpc.pb.h"
#include "staronnx/serve/server_for_test.h"

namespace staronnx {
namespace {

using inference::GRPCInferenceService;

// Without models: what calls do. Inferences: tests/test_serve_grpc.py.
class GrpcServerTest : public EmptyServerTest {
 protected:
  GrpcServerTest() {
    GrpcOptions options;
    options.port = 0;
    Result<std::unique_ptr<GrpcServer>> started = GrpcServer::start(server_, options);
    EXPECT_TRUE(started.ok()) << started.error().message;
    grpc_ = *std::move(started);
    channel_ = grpc::CreateChannel(grpc_->address(), grpc::InsecureChannelCredentials());
  }

  // Of a model that is not there.
  grpc::Status infer() {
    grpc::ClientContext context;
    inference::ModelInferRequest request;
    request.set_model_name("none");
    inference::ModelInferResponse answer;
    return GRPCInferenceService::NewStub(channel_)->ModelInfer(&context, request, &answer);
  }

  std::unique_ptr<GrpcServer> grpc_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_F(GrpcServerTest, AnswersManyClientsUntilItEnds) {
  std::vector<std::jthread> clients;
  for (int client = 0; client < 4; ++client) {
    clients.emplace_back([this] {
      const auto stub = GRPCInferenceService::NewStub(channel_);
      for (;;) {
        grpc::ClientContext context;
        inference::ServerLiveResponse answer;
        if (!stub->ServerLive(&context, {}, &answer).ok()) return;
        EXPECT_TRUE(answer.live());
        const grpc::StatusCode refused = infer().error_code();
        if (refused == grpc::UNAVAILABLE || refused == grpc::CANCELLED) return;  // it has ended
        EXPECT_EQ(refused, grpc::INVALID_ARGUMENT);
      }
    });
  }
  for (int i = 0; i < 50; ++i) EXPECT_EQ(infer().error_code(), grpc::INVALID_ARGUMENT);
  grpc_.reset();
}

TEST_F(GrpcServerTest, AStreamAnswersInOrderUntilItEnds) {
  grpc::ClientContext context;
  const auto stream = GRPCInferenceService::NewStub(channel_)->ModelStreamInfer(&context);
  inference::ModelInferRequest request;
  inference::ModelStreamInferResponse answer;
  for (const char* id : {"1", "2", "3"}) {
    request.set_id(id);
    ASSERT_TRUE(stream->Write(request));
  }
  for (const char* id : {"1", "2", "3"}) {
    ASSERT_TRUE(stream->Read(&answer));
    EXPECT_EQ(answer.infer_response().id(), id);
  }
  stream->WritesDone();
  EXPECT_FALSE(stream->Read(&answer));
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(GrpcServerTest, EndsStreamsThatStayOpen) {
  grpc::ClientContext context;
  const auto stream = GRPCInferenceService::NewStub(channel_)->ModelStreamInfer(&context);
  ASSERT_TRUE(stream->Write({}));
  inference::ModelStreamInferResponse answer;
  ASSERT_TRUE(stream->Read(&answer));
  grpc_.reset();
  EXPECT_FALSE(stream->Read(&answer));
  EXPECT_FALSE(stream->Finish().ok());
}

TEST_F(GrpcServerTest, WatchesHearOfTheEnd) {
  using Answer = grpc::health::v1::HealthCheckResponse;
  grpc::ClientContext context;
  const auto watch = grpc::health::v1::Health::NewStub(channel_)->Watch(&context, {});
  server_.begin();
  Answer answer;
  do {
    ASSERT_TRUE(watch->Read(&answer));
  } while (answer.status() != Answer::SERVING);
  server_.end();
  grpc_->drain(Deadline::never());
  ASSERT_TRUE(watch->Read(&answer));
  EXPECT_EQ(answer.status(), Answer::NOT_SERVING);
  EXPECT_FALSE(watch->Read(&answer));
  EXPECT_TRUE(watch->Finish().ok());
}

}  // namespace
}  // namespace staronnx
