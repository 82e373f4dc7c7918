#include "staronnx/serve/grpc_call.h"

namespace staronnx {

GrpcCall::GrpcCall(GrpcQueue& queue)
    : counted_(queue), queue_(queue), comes_([this](bool ok) { come(ok); }), ends_([this](bool) { end(); }) {}

void GrpcCall::wait() {
  context_.AsyncNotifyWhenDone(tag(ends_));
  request(queue_.events(), tag(comes_));
}

void GrpcCall::come(bool ok) {
  if (!ok) return ends_.drop();  // the server is shut down; gRPC does not say that what has not come ends
  another()->wait();
  begin();
  if (either_.exchange(true)) gone();
}

void GrpcCall::end() {
  if (context_.IsCancelled() && either_.exchange(true)) gone();
}

}  // namespace staronnx
