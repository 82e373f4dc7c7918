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

// Answered when a model is loaded; or when the client goes away, or the server ends, before.
class LoadCall final : public UnaryCall<inference::RepositoryModelLoadRequest, inference::RepositoryModelLoadResponse> {
 public:
  LoadCall(GrpcQueue& queue, InferenceService& service, Server& server, const GrpcGate& gate)
      : UnaryCall(queue), service_(service), server_(server), gate_(gate) {}

 private:
  void request(grpc::ServerCompletionQueue& events, void* tag) override {
    service_.RequestRepositoryModelLoad(&context(), &asked(), &writer(), &events, &events, tag);
  }
  std::shared_ptr<GrpcCall> another() const override { return std::make_shared<LoadCall>(queue(), service_, server_, gate_); }

  void begin() override {
    constexpr const char* kName = "RepositoryModelLoad";
    if (const auto refused = gate_.refusal(context(), Api::model_repository, kName)) return answer(*refused);
    access_ = access_line(server_.log(), [] { return AccessLine{"gRPC", "", kName}; });
    const Result<GivenModel> given = given_model(asked());
    if (!given) return answer(grpc_status(given.error()));
    server_.control().load(asked().model_name(), *given, [waiting = weak_from_this()](const Status& loaded) {
      if (const auto call = std::static_pointer_cast<LoadCall>(waiting.lock()))
        call->answer(loaded ? grpc::Status::OK : grpc_status(loaded.error()));
    });
  }
  void gone() override { answer({grpc::CANCELLED, "the model is still being loaded"}); }

  void answer(const grpc::Status& status) {
    if (answered_.exchange(true)) return;
    if (access_) access_->write(server_.log(), word_of(status));
    finish(status);
  }

  InferenceService& service_;
  Server& server_;
  const GrpcGate& gate_;
  std::optional<AccessLine> access_;
  std::atomic<bool> answered_ = false;
};

}  // namespace

void GrpcService::begin(GrpcQueue& queue) {
  serve_health(queue);
  serve_models(queue);
  serve_repository(queue);
  serve_system_memory(queue);
  serve_cuda_memory(queue);
  serve_settings(queue);
  const InferenceCalls inferences{server_, gate_, *this, queue};
  serve_infer(inferences);
  serve_stream_infer(inferences);
}

void GrpcService::serve_health(GrpcQueue& queue) {
  serve(queue, Api::health, "ServerLive", &GrpcService::RequestServerLive, [](const auto& /*request*/, auto& answer) -> Status {
    answer.set_live(true);
    return {};
  });
  serve(queue, Api::health, "ServerReady", &GrpcService::RequestServerReady,
        [this](const auto& /*request*/, auto& answer) -> Status {
          answer.set_ready(server_.ready());
          return {};
        });
  serve(queue, Api::health, "ModelReady", &GrpcService::RequestModelReady, [this](const auto& request, auto& answer) -> Status {
    const Result<std::optional<std::int64_t>> version = model_version(request.version());
    if (!version) return version.error();
    answer.set_ready(server_.catalog().find(request.name(), *version).ok());
    return {};
  });
}

void GrpcService::serve_models(GrpcQueue& queue) {
  serve(queue, Api::metadata, "ServerMetadata", &GrpcService::RequestServerMetadata,
        [this](const auto& /*request*/, auto& answer) -> Status {
          answer = metadata_of(server_.identity());
          return {};
        });
  serve(queue, Api::metadata, "ModelMetadata", &GrpcService::RequestModelMetadata,
        [this](const auto& request, auto& answer) -> Status {
          const Result<std::shared_ptr<ServedModel>> model = find(server_.catalog(), request.name(), request.version());
          if (!model) return model.error();
          const auto versions = server_.catalog().versions(request.name());
          if (!versions) return versions.error();
          answer = metadata_of(**model, *versions);
          return {};
        });
  serve(queue, Api::model_config, "ModelConfig", &GrpcService::RequestModelConfig,
        [this](const auto& request, auto& answer) -> Status {
          const Result<std::shared_ptr<ServedModel>> model = find(server_.catalog(), request.name(), request.version());
          if (!model) return model.error();
          *answer.mutable_config() = (*model)->config().message();
          return {};
        });
  serve(queue, Api::statistics, "ModelStatistics", &GrpcService::RequestModelStatistics,
        [this](const auto& request, auto& answer) -> Status {
          const auto models = find_all(server_.catalog(), request.name(), request.version());
          if (!models) return models.error();
          answer = statistics_of(*models);
          return {};
        });
}

void GrpcService::serve_repository(GrpcQueue& queue) {
  std::make_shared<LoadCall>(queue, *this, server_, gate_)->wait();
  serve(queue, Api::model_repository, "RepositoryIndex", &GrpcService::RequestRepositoryIndex,
        [this](const auto& request, auto& answer) -> Status {
          answer = index_of(server_.control().index(), request.ready());
          return {};
        });
  serve(queue, Api::model_repository, "RepositoryModelUnload", &GrpcService::RequestRepositoryModelUnload,
        [this](const auto& request, auto& /*answer*/) -> Status {
          const Result<bool> dependents = unloads_dependents(request);
          if (!dependents) return dependents.error();
          return server_.control().unload(request.model_name(), *dependents);
        });
}

void GrpcService::serve_system_memory(GrpcQueue& queue) {
  serve(queue, Api::shared_memory, "SystemSharedMemoryStatus", &GrpcService::RequestSystemSharedMemoryStatus,
        [this](const auto& request, auto& answer) -> Status {
          const Result<std::vector<SharedRegion>> regions = server_.shared_memory().status(request.name());
          if (!regions) return regions.error();
          for (const SharedRegion& region : *regions) (*answer.mutable_regions())[region.name] = status_of(region);
          return {};
        });
  serve(queue, Api::shared_memory, "SystemSharedMemoryRegister", &GrpcService::RequestSystemSharedMemoryRegister,
        [this](const auto& request, auto& /*answer*/) -> Status {
          return server_.shared_memory().add(SharedRegion{request.name(), request.key(), request.offset(), request.byte_size()});
        });
  serve(queue, Api::shared_memory, "SystemSharedMemoryUnregister", &GrpcService::RequestSystemSharedMemoryUnregister,
        [this](const auto& request, auto& /*answer*/) -> Status {
          server_.shared_memory().remove(request.name());
          return {};
        });
}

void GrpcService::serve_cuda_memory(GrpcQueue& queue) {
  serve(queue, Api::shared_memory, "CudaSharedMemoryStatus", &GrpcService::RequestCudaSharedMemoryStatus,
        [this](const auto& request, auto& answer) -> Status {
          const Result<std::vector<CudaRegion>> regions = server_.shared_memory().cuda_status(request.name());
          if (!regions) return regions.error();
          for (const CudaRegion& region : *regions) (*answer.mutable_regions())[region.name] = status_of(region);
          return {};
        });
  serve(queue, Api::shared_memory, "CudaSharedMemoryRegister", &GrpcService::RequestCudaSharedMemoryRegister,
        [this](const auto& request, auto& /*answer*/) -> Status {
          return server_.shared_memory().add(
              CudaRegion{request.name(), request.raw_handle(), request.device_id(), request.byte_size()});
        });
  serve(queue, Api::shared_memory, "CudaSharedMemoryUnregister", &GrpcService::RequestCudaSharedMemoryUnregister,
        [this](const auto& request, auto& /*answer*/) -> Status {
          server_.shared_memory().remove_cuda(request.name());
          return {};
        });
}

void GrpcService::serve_settings(GrpcQueue& queue) {
  serve(queue, Api::trace, "TraceSetting", &GrpcService::RequestTraceSetting,
        [this](const auto& request, auto& answer) -> Status {
          const Result<inference::TraceSettingResponse> settings = trace_setting(server_, request);
          if (!settings) return settings.error();
          answer = *settings;
          return {};
        });
  serve(queue, Api::logging, "LogSettings", &GrpcService::RequestLogSettings,
        [this](const auto& request, auto& answer) -> Status {
          if (Status changed = change(server_.log(), request); !changed) return changed;
          answer = settings_of(server_.log());
          return {};
        });
}

}  // namespace staronnx
