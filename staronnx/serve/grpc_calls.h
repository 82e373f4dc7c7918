// Inferences that came over gRPC, until they are answered. Each deletes itself when gRPC is done with it. Private to this room.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "staronnx/serve/server.h"

namespace staronnx {

// ModelInfer: parses `request`, empties it and gives it to the model, on the calling thread; the answer is written on the model's. When the
// client goes away, so does the inference. `server` and what gRPC gives outlive the call.
grpc::ServerUnaryReactor* begin_infer(const Server& server, const grpc::CallbackServerContext& context, grpc::ByteBuffer& request,
                                      grpc::ByteBuffer& answer);

// ModelStreamInfer: many of them at a time, answered in the order in which they came; what goes wrong with one is answered in its place,
// and the stream goes on.
grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* begin_stream_infer(const Server& server,
                                                                                const grpc::CallbackServerContext& context);

}  // namespace staronnx
