// What every call of gRPC passes: who asks has the key, where there is one, and the log hears of it. Private to this room.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <optional>
#include <string_view>

#include "staronnx/base/result.h"
#include "staronnx/serve/access_line.h"
#include "staronnx/serve/grpc_infer.h"
#include "staronnx/serve/restrictions.h"

namespace staronnx {

std::string_view word_of(const grpc::Status& status);  // "INVALID_ARGUMENT"

grpc::ServerUnaryReactor* finished(grpc::CallbackServerContext* context, const grpc::Status& status);

// Thread-safe.
class GrpcGate {
 public:
  // `log` outlives it. `restrictions` are those for gRPC.
  GrpcGate(Log& log, Restrictions restrictions) : log_(log), restrictions_(std::move(restrictions)) {}

  // PERMISSION_DENIED, which the log has heard of then; or nothing. `name`: the call's.
  std::optional<grpc::Status> refusal(const grpc::CallbackServerContext& context, Api api, const char* name) const;

  // For calls that are answered at once: with the Status that `work` returns, which is not called for those who are refused.
  template <class Work>
  grpc::ServerUnaryReactor* reply(grpc::CallbackServerContext* context, Api api, const char* name, const Work& work) const {
    if (const std::optional<grpc::Status> refused = refusal(*context, api, name)) return finished(context, *refused);
    const std::optional<AccessLine> access = access_line(log_, [&] { return AccessLine{"gRPC", "", name}; });
    const Status done = work();
    const grpc::Status status = done ? grpc::Status::OK : grpc_status(done.error());
    if (access) access->write(log_, word_of(status));
    return finished(context, status);
  }

 private:
  Log& log_;
  const Restrictions restrictions_;
};

}  // namespace staronnx
