#include "staronnx/bench/grpc_model.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <memory>

#include "staronnx/bench/model_description.h"
#include "staronnx/serve/proto/grpc_service.grpc.pb.h"

namespace staronnx {
namespace {

using inference::GRPCInferenceService;
using Tensors = google::protobuf::RepeatedPtrField<inference::ModelMetadataResponse::TensorMetadata>;

constexpr std::chrono::seconds kPatience{10};

std::string url_of(const ServerAddress& address) {
  return "grpc://" + host_and_port(address);
}

// One call of the stub's.
template <class Answer, class Request>
Result<Answer> ask(const ServerAddress& address,
                   grpc::Status (GRPCInferenceService::Stub::*call)(grpc::ClientContext*, const Request&, Answer*),
                   const std::string& model) {
  const auto channel = grpc::CreateChannel(host_and_port(address), grpc::InsecureChannelCredentials());
  const std::unique_ptr<GRPCInferenceService::Stub> stub = GRPCInferenceService::NewStub(channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
  Request request;
  request.set_name(model);
  Answer answer;
  const grpc::Status status = ((*stub).*call)(&context, request, &answer);
  if (status.ok()) return answer;
  const bool connected = channel->GetState(false) == GRPC_CHANNEL_READY;
  return Error{connected ? ErrorCode::not_found : ErrorCode::unavailable,
               url_of(address) + ": " + status.error_message() + (connected ? "" : "; is the server there?")};
}

Result<std::vector<TensorInfo>> tensors_of(const Tensors& tensors) {
  std::vector<TensorInfo> infos;
  for (const auto& tensor : tensors) {
    Result<TensorInfo> info = described_tensor(tensor.name(), tensor.datatype(), {tensor.shape().begin(), tensor.shape().end()});
    if (!info) return info.error();
    infos.push_back(*std::move(info));
  }
  return infos;
}

Microseconds time_of(const inference::StatisticDuration& duration) {
  return std::chrono::nanoseconds(duration.ns());
}

}  // namespace

Result<Signature> grpc_signature(const ServerAddress& address, const std::string& model) {
  const auto metadata = ask(address, &GRPCInferenceService::Stub::ModelMetadata, model);
  if (!metadata) return metadata.error();
  Result<std::vector<TensorInfo>> inputs = tensors_of(metadata->inputs()), outputs = tensors_of(metadata->outputs());
  if (!inputs) return with_context(url_of(address), inputs.error());
  if (!outputs) return with_context(url_of(address), outputs.error());
  return Signature{*std::move(inputs), *std::move(outputs)};
}

Result<ServerStatistics> grpc_statistics(const ServerAddress& address, const std::string& model) {
  const auto answer = ask(address, &GRPCInferenceService::Stub::ModelStatistics, model);
  if (!answer) return answer.error();
  ServerStatistics sum;
  for (const auto& version : answer->model_stats()) {
    const auto& times = version.inference_stats();
    sum.requests += times.success().count();
    sum.executions += version.execution_count();
    sum.queue += time_of(times.queue());
    sum.compute_input += time_of(times.compute_input());
    sum.compute_infer += time_of(times.compute_infer());
    sum.compute_output += time_of(times.compute_output());
  }
  return sum;
}

}  // namespace staronnx
