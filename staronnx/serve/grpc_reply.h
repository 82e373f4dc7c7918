// How calls of gRPC that are answered at once are answered. Private to this room.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <optional>
#include <string_view>

#include "staronnx/base/result.h"
#include "staronnx/serve/access_line.h"
#include "staronnx/serve/grpc_infer.h"

namespace staronnx {

std::string_view word_of(const grpc::Status& status);  // "INVALID_ARGUMENT"

// Finishes the call with the Status that `work` returns, and says so in the log where it says requests. `name`: the call's.
template <class Work>
grpc::ServerUnaryReactor* reply(Log& log, grpc::CallbackServerContext* context, const char* name, const Work& work) {
  const std::optional<AccessLine> access = access_line(log, [&] { return AccessLine{"gRPC", "", name}; });
  const Status done = work();
  const grpc::Status status = done ? grpc::Status::OK : grpc_status(done.error());
  if (access) access->write(log, word_of(status));
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(status);
  return reactor;
}

}  // namespace staronnx
