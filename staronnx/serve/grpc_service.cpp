#include "staronnx/serve/grpc_service.h"

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "staronnx/serve/grpc_gate.h"
#include "staronnx/serve/grpc_infer.h"
#include "staronnx/serve/log_settings.h"
#include "staronnx/serve/messages.h"
#include "staronnx/serve/proto/model_config.pb.h"
#include "staronnx/serve/repository_request.h"
#include "staronnx/serve/trace_settings.h"

namespace staronnx {
namespace {

using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;

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
  static std::shared_ptr<LoadCall> begin(Log& log) {
    auto call = std::make_shared<LoadCall>(log);
    call->self_ = call;
    return call;
  }
  explicit LoadCall(Log& log) : log_(log) {}

  void answer(const grpc::Status& status) {
    if (answered_.exchange(true)) return;
    if (access_) access_->write(log_, word_of(status));
    Finish(status);
  }
  void OnCancel() override { answer({grpc::CANCELLED, "the model is still being loaded"}); }
  void OnDone() override { self_.reset(); }

 private:
  Log& log_;
  const std::optional<AccessLine> access_ = access_line(log_, [] { return AccessLine{"gRPC", "", "RepositoryModelLoad"}; });
  std::atomic<bool> answered_ = false;
  std::shared_ptr<LoadCall> self_;
};

// Its client may not use it.
class RefusedStream final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  explicit RefusedStream(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

}  // namespace

ServerUnaryReactor* GrpcService::ServerLive(CallbackServerContext* context, const inference::ServerLiveRequest* /*request*/,
                                            inference::ServerLiveResponse* answer) {
  return gate_.reply(context, Api::health, "ServerLive", [&]() -> Status {
    answer->set_live(true);
    return {};
  });
}

ServerUnaryReactor* GrpcService::ServerReady(CallbackServerContext* context, const inference::ServerReadyRequest* /*request*/,
                                             inference::ServerReadyResponse* answer) {
  return gate_.reply(context, Api::health, "ServerReady", [&]() -> Status {
    answer->set_ready(server_.ready());
    return {};
  });
}

ServerUnaryReactor* GrpcService::ModelReady(CallbackServerContext* context, const inference::ModelReadyRequest* request,
                                            inference::ModelReadyResponse* answer) {
  return gate_.reply(context, Api::health, "ModelReady", [&]() -> Status {
    const Result<std::optional<std::int64_t>> version = model_version(request->version());
    if (!version) return version.error();
    answer->set_ready(server_.catalog().find(request->name(), *version).ok());
    return {};
  });
}

ServerUnaryReactor* GrpcService::ServerMetadata(CallbackServerContext* context,
                                                const inference::ServerMetadataRequest* /*request*/,
                                                inference::ServerMetadataResponse* answer) {
  return gate_.reply(context, Api::metadata, "ServerMetadata", [&]() -> Status {
    *answer = metadata_of(server_.identity());
    return {};
  });
}

ServerUnaryReactor* GrpcService::ModelMetadata(CallbackServerContext* context, const inference::ModelMetadataRequest* request,
                                               inference::ModelMetadataResponse* answer) {
  return gate_.reply(context, Api::metadata, "ModelMetadata", [&]() -> Status {
    const Result<std::shared_ptr<ServedModel>> model = find(server_.catalog(), request->name(), request->version());
    if (!model) return model.error();
    const auto versions = server_.catalog().versions(request->name());
    if (!versions) return versions.error();
    *answer = metadata_of(**model, *versions);
    return {};
  });
}

ServerUnaryReactor* GrpcService::ModelConfig(CallbackServerContext* context, const inference::ModelConfigRequest* request,
                                             inference::ModelConfigResponse* answer) {
  return gate_.reply(context, Api::model_config, "ModelConfig", [&]() -> Status {
    const Result<std::shared_ptr<ServedModel>> model = find(server_.catalog(), request->name(), request->version());
    if (!model) return model.error();
    *answer->mutable_config() = (*model)->config().message();
    return {};
  });
}

ServerUnaryReactor* GrpcService::ModelStatistics(CallbackServerContext* context, const inference::ModelStatisticsRequest* request,
                                                 inference::ModelStatisticsResponse* answer) {
  return gate_.reply(context, Api::statistics, "ModelStatistics", [&]() -> Status {
    const auto models = find_all(server_.catalog(), request->name(), request->version());
    if (!models) return models.error();
    *answer = statistics_of(*models);
    return {};
  });
}

ServerUnaryReactor* GrpcService::RepositoryIndex(CallbackServerContext* context, const inference::RepositoryIndexRequest* request,
                                                 inference::RepositoryIndexResponse* answer) {
  return gate_.reply(context, Api::model_repository, "RepositoryIndex", [&]() -> Status {
    *answer = index_of(server_.control().index(), request->ready());
    return {};
  });
}

ServerUnaryReactor* GrpcService::RepositoryModelLoad(CallbackServerContext* context,
                                                     const inference::RepositoryModelLoadRequest* request,
                                                     inference::RepositoryModelLoadResponse* /*answer*/) {
  constexpr const char* kName = "RepositoryModelLoad";
  if (const auto refused = gate_.refusal(*context, Api::model_repository, kName)) return finished(context, *refused);
  const Result<GivenModel> given = given_model(*request);
  if (!given) return gate_.reply(context, Api::model_repository, kName, [&]() -> Status { return given.error(); });
  const std::shared_ptr<LoadCall> call = LoadCall::begin(server_.log());
  server_.control().load(request->model_name(), *given,
                         [call](const Status& loaded) { call->answer(loaded ? grpc::Status::OK : grpc_status(loaded.error())); });
  return call.get();
}

ServerUnaryReactor* GrpcService::RepositoryModelUnload(CallbackServerContext* context,
                                                       const inference::RepositoryModelUnloadRequest* request,
                                                       inference::RepositoryModelUnloadResponse* /*answer*/) {
  return gate_.reply(context, Api::model_repository, "RepositoryModelUnload", [&]() -> Status {
    const Result<bool> dependents = unloads_dependents(*request);
    if (!dependents) return dependents.error();
    return server_.control().unload(request->model_name(), *dependents);
  });
}

ServerUnaryReactor* GrpcService::SystemSharedMemoryStatus(CallbackServerContext* context,
                                                          const inference::SystemSharedMemoryStatusRequest* request,
                                                          inference::SystemSharedMemoryStatusResponse* answer) {
  return gate_.reply(context, Api::shared_memory, "SystemSharedMemoryStatus", [&]() -> Status {
    const Result<std::vector<SharedRegion>> regions = server_.shared_memory().status(request->name());
    if (!regions) return regions.error();
    for (const SharedRegion& region : *regions) (*answer->mutable_regions())[region.name] = status_of(region);
    return {};
  });
}

ServerUnaryReactor* GrpcService::SystemSharedMemoryRegister(CallbackServerContext* context,
                                                            const inference::SystemSharedMemoryRegisterRequest* request,
                                                            inference::SystemSharedMemoryRegisterResponse* /*answer*/) {
  return gate_.reply(context, Api::shared_memory, "SystemSharedMemoryRegister", [&]() -> Status {
    return server_.shared_memory().add(SharedRegion{request->name(), request->key(), request->offset(), request->byte_size()});
  });
}

ServerUnaryReactor* GrpcService::SystemSharedMemoryUnregister(CallbackServerContext* context,
                                                              const inference::SystemSharedMemoryUnregisterRequest* request,
                                                              inference::SystemSharedMemoryUnregisterResponse* /*answer*/) {
  return gate_.reply(context, Api::shared_memory, "SystemSharedMemoryUnregister", [&]() -> Status {
    server_.shared_memory().remove(request->name());
    return {};
  });
}

ServerUnaryReactor* GrpcService::CudaSharedMemoryStatus(CallbackServerContext* context,
                                                        const inference::CudaSharedMemoryStatusRequest* request,
                                                        inference::CudaSharedMemoryStatusResponse* answer) {
  return gate_.reply(context, Api::shared_memory, "CudaSharedMemoryStatus", [&]() -> Status {
    const Result<std::vector<CudaRegion>> regions = server_.shared_memory().cuda_status(request->name());
    if (!regions) return regions.error();
    for (const CudaRegion& region : *regions) (*answer->mutable_regions())[region.name] = status_of(region);
    return {};
  });
}

ServerUnaryReactor* GrpcService::CudaSharedMemoryRegister(CallbackServerContext* context,
                                                          const inference::CudaSharedMemoryRegisterRequest* request,
                                                          inference::CudaSharedMemoryRegisterResponse* /*answer*/) {
  return gate_.reply(context, Api::shared_memory, "CudaSharedMemoryRegister", [&]() -> Status {
    return server_.shared_memory().add(
        CudaRegion{request->name(), request->raw_handle(), request->device_id(), request->byte_size()});
  });
}

ServerUnaryReactor* GrpcService::CudaSharedMemoryUnregister(CallbackServerContext* context,
                                                            const inference::CudaSharedMemoryUnregisterRequest* request,
                                                            inference::CudaSharedMemoryUnregisterResponse* /*answer*/) {
  return gate_.reply(context, Api::shared_memory, "CudaSharedMemoryUnregister", [&]() -> Status {
    server_.shared_memory().remove_cuda(request->name());
    return {};
  });
}

ServerUnaryReactor* GrpcService::TraceSetting(CallbackServerContext* context, const inference::TraceSettingRequest* request,
                                              inference::TraceSettingResponse* answer) {
  return gate_.reply(context, Api::trace, "TraceSetting", [&]() -> Status {
    const Result<inference::TraceSettingResponse> settings = trace_setting(server_, *request);
    if (!settings) return settings.error();
    *answer = *settings;
    return {};
  });
}

ServerUnaryReactor* GrpcService::LogSettings(CallbackServerContext* context, const inference::LogSettingsRequest* request,
                                             inference::LogSettingsResponse* answer) {
  return gate_.reply(context, Api::logging, "LogSettings", [&]() -> Status {
    if (Status changed = change(server_.log(), *request); !changed) return changed;
    *answer = settings_of(server_.log());
    return {};
  });
}

ServerUnaryReactor* GrpcService::ModelInfer(CallbackServerContext* context, const grpc::ByteBuffer* request,
                                            grpc::ByteBuffer* answer) {
  if (const auto refused = gate_.refusal(*context, Api::inference, "ModelInfer")) return finished(context, *refused);
  // gRPC's own, which it keeps until the call ends and nobody reads again.
  return begin_infer(server_, *context, const_cast<grpc::ByteBuffer&>(*request), *answer);
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* GrpcService::ModelStreamInfer(CallbackServerContext* context) {
  if (const auto refused = gate_.refusal(*context, Api::inference, "ModelStreamInfer"))
    return std::make_unique<RefusedStream>(*refused).release();  // gRPC's, until OnDone()
  return begin_stream_infer(server_, *context);
}

}  // namespace staronnx
