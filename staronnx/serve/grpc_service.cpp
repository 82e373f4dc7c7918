#include "staronnx/serve/grpc_service.h"

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "staronnx/serve/grpc_infer.h"
#include "staronnx/serve/messages.h"
#include "staronnx/serve/proto/model_config.pb.h"
#include "staronnx/serve/repository_request.h"

namespace staronnx {
namespace {

using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;

ServerUnaryReactor* finish(CallbackServerContext* context, const grpc::Status& status = grpc::Status::OK) {
  ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(status);
  return reactor;
}

Result<std::shared_ptr<ServedModel>> find(const Catalog& catalog, const std::string& name, const std::string& version) {
  const Result<std::optional<std::int64_t>> number = model_version(version);
  if (!number) return number.error();
  return catalog.find(name, *number);
}

// By name and version, as far as they are said; those that are not ready are left out where nothing is.
Result<std::vector<std::shared_ptr<ServedModel>>> find_all(const Catalog& catalog, const std::string& name,
                                                           const std::string& version) {
  if (name.empty()) return catalog.all_ready();
  if (version.empty()) return catalog.versions(name);
  Result<std::shared_ptr<ServedModel>> model = find(catalog, name, version);
  if (!model) return model.error();
  return std::vector{*std::move(model)};
}

// A call that is answered when a model is loaded; or when the client goes away, or the server ends, before. It lives until both gRPC and who
// answers let go of it.
class LoadCall final : public ServerUnaryReactor {
 public:
  static std::shared_ptr<LoadCall> begin() {
    auto call = std::make_shared<LoadCall>();
    call->self_ = call;
    return call;
  }

  void answer(const grpc::Status& status) {
    if (!answered_.exchange(true)) Finish(status);
  }
  void OnCancel() override { answer({grpc::CANCELLED, "the model is still being loaded"}); }
  void OnDone() override { self_.reset(); }

 private:
  std::atomic<bool> answered_ = false;
  std::shared_ptr<LoadCall> self_;
};

}  // namespace

ServerUnaryReactor* GrpcService::ServerLive(CallbackServerContext* context, const inference::ServerLiveRequest* /*request*/,
                                            inference::ServerLiveResponse* answer) {
  answer->set_live(true);
  return finish(context);
}

ServerUnaryReactor* GrpcService::ServerReady(CallbackServerContext* context, const inference::ServerReadyRequest* /*request*/,
                                             inference::ServerReadyResponse* answer) {
  answer->set_ready(server_.ready());
  return finish(context);
}

ServerUnaryReactor* GrpcService::ModelReady(CallbackServerContext* context, const inference::ModelReadyRequest* request,
                                            inference::ModelReadyResponse* answer) {
  const Result<std::optional<std::int64_t>> version = model_version(request->version());
  if (!version) return finish(context, grpc_status(version.error()));
  answer->set_ready(server_.catalog().find(request->name(), *version).ok());
  return finish(context);
}

ServerUnaryReactor* GrpcService::ServerMetadata(CallbackServerContext* context,
                                                const inference::ServerMetadataRequest* /*request*/,
                                                inference::ServerMetadataResponse* answer) {
  *answer = metadata_of(server_.identity());
  return finish(context);
}

ServerUnaryReactor* GrpcService::ModelMetadata(CallbackServerContext* context, const inference::ModelMetadataRequest* request,
                                               inference::ModelMetadataResponse* answer) {
  const Result<std::shared_ptr<ServedModel>> model = find(server_.catalog(), request->name(), request->version());
  if (!model) return finish(context, grpc_status(model.error()));
  const auto versions = server_.catalog().versions(request->name());
  if (!versions) return finish(context, grpc_status(versions.error()));
  *answer = metadata_of(**model, *versions);
  return finish(context);
}

ServerUnaryReactor* GrpcService::ModelConfig(CallbackServerContext* context, const inference::ModelConfigRequest* request,
                                             inference::ModelConfigResponse* answer) {
  const Result<std::shared_ptr<ServedModel>> model = find(server_.catalog(), request->name(), request->version());
  if (!model) return finish(context, grpc_status(model.error()));
  *answer->mutable_config() = (*model)->config().message();
  return finish(context);
}

ServerUnaryReactor* GrpcService::ModelStatistics(CallbackServerContext* context, const inference::ModelStatisticsRequest* request,
                                                 inference::ModelStatisticsResponse* answer) {
  const auto models = find_all(server_.catalog(), request->name(), request->version());
  if (!models) return finish(context, grpc_status(models.error()));
  *answer = statistics_of(*models);
  return finish(context);
}

ServerUnaryReactor* GrpcService::RepositoryIndex(CallbackServerContext* context, const inference::RepositoryIndexRequest* request,
                                                 inference::RepositoryIndexResponse* answer) {
  *answer = index_of(server_.control().index(), request->ready());
  return finish(context);
}

ServerUnaryReactor* GrpcService::RepositoryModelLoad(CallbackServerContext* context,
                                                     const inference::RepositoryModelLoadRequest* request,
                                                     inference::RepositoryModelLoadResponse* /*answer*/) {
  const Result<std::optional<std::string>> config = config_to_load(*request);
  if (!config) return finish(context, grpc_status(config.error()));
  const std::shared_ptr<LoadCall> call = LoadCall::begin();
  server_.control().load(request->model_name(), *config,
                         [call](const Status& loaded) { call->answer(loaded ? grpc::Status::OK : grpc_status(loaded.error())); });
  return call.get();
}

ServerUnaryReactor* GrpcService::RepositoryModelUnload(CallbackServerContext* context,
                                                       const inference::RepositoryModelUnloadRequest* request,
                                                       inference::RepositoryModelUnloadResponse* /*answer*/) {
  if (Status checked = check_unload(*request); !checked) return finish(context, grpc_status(checked.error()));
  const Status unloaded = server_.control().unload(request->model_name());
  return finish(context, unloaded ? grpc::Status::OK : grpc_status(unloaded.error()));
}

ServerUnaryReactor* GrpcService::SystemSharedMemoryStatus(CallbackServerContext* context,
                                                          const inference::SystemSharedMemoryStatusRequest* request,
                                                          inference::SystemSharedMemoryStatusResponse* answer) {
  const Result<std::vector<SharedRegion>> regions = server_.shared_memory().status(request->name());
  if (!regions) return finish(context, grpc_status(regions.error()));
  for (const SharedRegion& region : *regions) (*answer->mutable_regions())[region.name] = status_of(region);
  return finish(context);
}

ServerUnaryReactor* GrpcService::SystemSharedMemoryRegister(CallbackServerContext* context,
                                                            const inference::SystemSharedMemoryRegisterRequest* request,
                                                            inference::SystemSharedMemoryRegisterResponse* /*answer*/) {
  const Status added =
      server_.shared_memory().add(SharedRegion{request->name(), request->key(), request->offset(), request->byte_size()});
  return finish(context, added ? grpc::Status::OK : grpc_status(added.error()));
}

ServerUnaryReactor* GrpcService::SystemSharedMemoryUnregister(CallbackServerContext* context,
                                                              const inference::SystemSharedMemoryUnregisterRequest* request,
                                                              inference::SystemSharedMemoryUnregisterResponse* /*answer*/) {
  server_.shared_memory().remove(request->name());
  return finish(context);
}

ServerUnaryReactor* GrpcService::CudaSharedMemoryStatus(CallbackServerContext* context,
                                                        const inference::CudaSharedMemoryStatusRequest* request,
                                                        inference::CudaSharedMemoryStatusResponse* answer) {
  const Result<std::vector<CudaRegion>> regions = server_.shared_memory().cuda_status(request->name());
  if (!regions) return finish(context, grpc_status(regions.error()));
  for (const CudaRegion& region : *regions) (*answer->mutable_regions())[region.name] = status_of(region);
  return finish(context);
}

ServerUnaryReactor* GrpcService::CudaSharedMemoryRegister(CallbackServerContext* context,
                                                          const inference::CudaSharedMemoryRegisterRequest* request,
                                                          inference::CudaSharedMemoryRegisterResponse* /*answer*/) {
  const Status added =
      server_.shared_memory().add(CudaRegion{request->name(), request->raw_handle(), request->device_id(), request->byte_size()});
  return finish(context, added ? grpc::Status::OK : grpc_status(added.error()));
}

ServerUnaryReactor* GrpcService::CudaSharedMemoryUnregister(CallbackServerContext* context,
                                                            const inference::CudaSharedMemoryUnregisterRequest* request,
                                                            inference::CudaSharedMemoryUnregisterResponse* /*answer*/) {
  server_.shared_memory().remove_cuda(request->name());
  return finish(context);
}

ServerUnaryReactor* GrpcService::ModelInfer(CallbackServerContext* /*context*/, const grpc::ByteBuffer* request,
                                            grpc::ByteBuffer* answer) {
  return begin_infer(server_, *request, *answer);
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* GrpcService::ModelStreamInfer(CallbackServerContext* /*context*/) {
  return begin_stream_infer(server_);
}

ServerUnaryReactor* GrpcHealth::Check(CallbackServerContext* context, const grpc::health::v1::HealthCheckRequest* request,
                                      grpc::health::v1::HealthCheckResponse* answer) {
  using Answer = grpc::health::v1::HealthCheckResponse;
  if (!request->service().empty() && request->service() != inference::GRPCInferenceService::service_full_name())
    return finish(context, {grpc::NOT_FOUND, "there is no service '" + request->service() + "'"});
  answer->set_status(server_.ready() ? Answer::SERVING : Answer::NOT_SERVING);
  return finish(context);
}

}  // namespace staronnx
