// Inferences that came over gRPC, until they are answered. Private to this room.
#pragma once

#include "staronnx/serve/grpc_gate.h"
#include "staronnx/serve/grpc_queue.h"
#include "staronnx/serve/proto/grpc_service.grpc.pb.h"
#include "staronnx/serve/server.h"

namespace staronnx {

// The protocol's service. Inferences pass as bytes, so that their tensors are copied once only.
using InferenceService = inference::GRPCInferenceService::WithRawMethod_ModelInfer<
    inference::GRPCInferenceService::WithRawMethod_ModelStreamInfer<inference::GRPCInferenceService::AsyncService>>;

// What calls need, all of which outlives them.
struct InferenceCalls {
  const Server& server;
  const GrpcGate& gate;
  InferenceService& service;
  GrpcQueue& queue;
};

// Answers calls of ModelInfer from now on: parses the request and gives it to the model, on a thread of the queue; the answer is sent on the
// model's. When the client goes away, so does the inference.
void serve_infer(const InferenceCalls& calls);

// ModelStreamInfer: many of them at a time, answered in the order in which they came; what goes wrong with one is answered in its place,
// and the stream goes on.
void serve_stream_infer(const InferenceCalls& calls);

}  // namespace staronnx
