// The protocol's services over gRPC: what each call gets of the server. gRPC itself answers UNIMPLEMENTED to calls that are not here. Private
// to this room.
#pragma once

#include <memory>

#include "staronnx/serve/grpc_calls.h"
#include "staronnx/serve/grpc_gate.h"
#include "staronnx/serve/proto/grpc_service.grpc.pb.h"
#include "staronnx/serve/server.h"

namespace staronnx {

// All calls are events. Inferences pass as bytes, so that their tensors are copied once only.
using Inference = inference::GRPCInferenceService;
using EventService =
    Inference::WithCallbackMethod_ServerLive<Inference::WithCallbackMethod_ServerReady<Inference::WithCallbackMethod_ModelReady<
        Inference::WithCallbackMethod_ServerMetadata<Inference::WithCallbackMethod_ModelMetadata<
            Inference::WithCallbackMethod_ModelConfig<Inference::WithCallbackMethod_ModelStatistics<
                Inference::WithCallbackMethod_RepositoryIndex<Inference::WithCallbackMethod_RepositoryModelLoad<
                    Inference::WithCallbackMethod_RepositoryModelUnload<Inference::WithCallbackMethod_SystemSharedMemoryStatus<
                        Inference::WithCallbackMethod_SystemSharedMemoryRegister<
                            Inference::WithCallbackMethod_SystemSharedMemoryUnregister<
                                Inference::WithCallbackMethod_CudaSharedMemoryStatus<
                                    Inference::WithCallbackMethod_CudaSharedMemoryRegister<
                                        Inference::WithCallbackMethod_CudaSharedMemoryUnregister<
                                            Inference::WithCallbackMethod_TraceSetting<
                                                Inference::WithCallbackMethod_LogSettings<Inference::Service>>>>>>>>>>>>>>>>>>;
using RawInferService =
    Inference::WithRawCallbackMethod_ModelInfer<Inference::WithRawCallbackMethod_ModelStreamInfer<EventService>>;

// Thread-safe. `server` and `gate` outlive it.
class GrpcService final : public RawInferService {
 public:
  GrpcService(Server& server, const GrpcGate& gate) : server_(server), gate_(gate) {}

 private:
  grpc::ServerUnaryReactor* ServerLive(grpc::CallbackServerContext* context, const inference::ServerLiveRequest* request,
                                       inference::ServerLiveResponse* answer) override;
  grpc::ServerUnaryReactor* ServerReady(grpc::CallbackServerContext* context, const inference::ServerReadyRequest* request,
                                        inference::ServerReadyResponse* answer) override;
  grpc::ServerUnaryReactor* ModelReady(grpc::CallbackServerContext* context, const inference::ModelReadyRequest* request,
                                       inference::ModelReadyResponse* answer) override;
  grpc::ServerUnaryReactor* ServerMetadata(grpc::CallbackServerContext* context, const inference::ServerMetadataRequest* request,
                                           inference::ServerMetadataResponse* answer) override;
  grpc::ServerUnaryReactor* ModelMetadata(grpc::CallbackServerContext* context, const inference::ModelMetadataRequest* request,
                                          inference::ModelMetadataResponse* answer) override;
  grpc::ServerUnaryReactor* ModelConfig(grpc::CallbackServerContext* context, const inference::ModelConfigRequest* request,
                                        inference::ModelConfigResponse* answer) override;
  grpc::ServerUnaryReactor* ModelStatistics(grpc::CallbackServerContext* context,
                                            const inference::ModelStatisticsRequest* request,
                                            inference::ModelStatisticsResponse* answer) override;
  grpc::ServerUnaryReactor* RepositoryIndex(grpc::CallbackServerContext* context,
                                            const inference::RepositoryIndexRequest* request,
                                            inference::RepositoryIndexResponse* answer) override;
  grpc::ServerUnaryReactor* RepositoryModelLoad(grpc::CallbackServerContext* context,
                                                const inference::RepositoryModelLoadRequest* request,
                                                inference::RepositoryModelLoadResponse* answer) override;
  grpc::ServerUnaryReactor* RepositoryModelUnload(grpc::CallbackServerContext* context,
                                                  const inference::RepositoryModelUnloadRequest* request,
                                                  inference::RepositoryModelUnloadResponse* answer) override;
  grpc::ServerUnaryReactor* SystemSharedMemoryStatus(grpc::CallbackServerContext* context,
                                                     const inference::SystemSharedMemoryStatusRequest* request,
                                                     inference::SystemSharedMemoryStatusResponse* answer) override;
  grpc::ServerUnaryReactor* SystemSharedMemoryRegister(grpc::CallbackServerContext* context,
                                                       const inference::SystemSharedMemoryRegisterRequest* request,
                                                       inference::SystemSharedMemoryRegisterResponse* answer) override;
  grpc::ServerUnaryReactor* SystemSharedMemoryUnregister(grpc::CallbackServerContext* context,
                                                         const inference::SystemSharedMemoryUnregisterRequest* request,
                                                         inference::SystemSharedMemoryUnregisterResponse* answer) override;
  grpc::ServerUnaryReactor* CudaSharedMemoryStatus(grpc::CallbackServerContext* context,
                                                   const inference::CudaSharedMemoryStatusRequest* request,
                                                   inference::CudaSharedMemoryStatusResponse* answer) override;
  grpc::ServerUnaryReactor* CudaSharedMemoryRegister(grpc::CallbackServerContext* context,
                                                     const inference::CudaSharedMemoryRegisterRequest* request,
                                                     inference::CudaSharedMemoryRegisterResponse* answer) override;
  grpc::ServerUnaryReactor* CudaSharedMemoryUnregister(grpc::CallbackServerContext* context,
                                                       const inference::CudaSharedMemoryUnregisterRequest* request,
                                                       inference::CudaSharedMemoryUnregisterResponse* answer) override;
  grpc::ServerUnaryReactor* TraceSetting(grpc::CallbackServerContext* context, const inference::TraceSettingRequest* request,
                                         inference::TraceSettingResponse* answer) override;
  grpc::ServerUnaryReactor* LogSettings(grpc::CallbackServerContext* context, const inference::LogSettingsRequest* request,
                                        inference::LogSettingsResponse* answer) override;
  grpc::ServerUnaryReactor* ModelInfer(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* answer) override;
  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* ModelStreamInfer(grpc::CallbackServerContext* context) override;

  Server& server_;
  const GrpcGate& gate_;
};

}  // namespace staronnx
