// What every call of gRPC passes: who asks has the key, where there is one, and the log hears of it. Private to this room.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include <optional>
#include <string_view>

#include "staronnx/base/result.h"
#include "staronnx/serve/access_line.h"
#include "staronnx/serve/grpc_infer.h"
#include "staronnx/serve/restrictions.h"

namespace staronnx {

std::string_view word_of(const grpc::Status& status);  // "INVALID_ARGUMENT"

// Thread-safe.
class GrpcGate {
 public:
  // `log` outlives it. `restrictions` are those for gRPC.
  GrpcGate(Log& log, Restrictions restrictions) : log_(log), restrictions_(std::move(restrictions)) {}

  // PERMISSION_DENIED, which the log has heard of then; or nothing. `name`: the call's.
  std::optional<grpc::Status> refusal(const grpc::ServerContext& context, Api api, const char* name) const;

  // Of a call that is answered at once: the Status that `work` returns, which is not called for those who are refused.
  template <class Work>
  grpc::Status reply(const grpc::ServerContext& context, Api api, const char* name, const Work& work) const {
    if (std::optional<grpc::Status> refused = refusal(context, api, name)) return *std::move(refused);
    const std::optional<AccessLine> access = access_line(log_, [&] { return AccessLine{"gRPC", "", name}; });
    const Status done = work();
    grpc::Status status = done ? grpc::Status::OK : grpc_status(done.error());
    if (access) access->write(log_, word_of(status));
    return status;
  }

 private:
  Log& log_;
  const Restrictions restrictions_;
};

}  // namespace staronnx
