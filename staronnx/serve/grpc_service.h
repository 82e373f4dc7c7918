// The protocol's services over gRPC: what each call gets of the server. gRPC itself answers UNIMPLEMENTED to calls that are not here. Private
// to this room.
#pragma once

#include "staronnx/serve/grpc_answered_call.h"
#include "staronnx/serve/grpc_calls.h"
#include "staronnx/serve/grpc_gate.h"
#include "staronnx/serve/grpc_queue.h"
#include "staronnx/serve/server.h"

namespace staronnx {

class GrpcService final : public InferenceService {
 public:
  // `server` and `gate` outlive it.
  GrpcService(Server& server, const GrpcGate& gate) : server_(server), gate_(gate) {}

  // Answers calls that come to `queue` from now on; outlives it.
  void begin(GrpcQueue& queue);

 private:
  void serve_health(GrpcQueue& queue);
  void serve_models(GrpcQueue& queue);
  void serve_repository(GrpcQueue& queue);
  void serve_system_memory(GrpcQueue& queue);
  void serve_cuda_memory(GrpcQueue& queue);
  void serve_settings(GrpcQueue& queue);

  template <class Request, class Work>
  void serve(GrpcQueue& queue, Api api, const char* name, Request request, const Work& work) {
    answer_calls(queue, *this, gate_, api, name, request, work);
  }

  Server& server_;
  const GrpcGate& gate_;
};

}  // namespace staronnx
