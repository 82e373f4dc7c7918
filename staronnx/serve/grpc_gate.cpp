#include "staronnx/serve/grpc_gate.h"

#include <array>

namespace staronnx {
namespace {

// By code.
constexpr std::array<std::string_view, 17> kWords = {
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};

}  // namespace

std::string_view word_of(const grpc::Status& status) {
  const auto code = static_cast<std::size_t>(status.error_code());
  return code < kWords.size() ? kWords[code] : "UNKNOWN";
}

std::optional<grpc::Status> GrpcGate::refusal(const grpc::ServerContext& context, Api api, const char* name) const {
  const Restriction* restriction = restrictions_.on(api);
  if (restriction == nullptr) return std::nullopt;
  const auto given = context.client_metadata().find(restriction->header);
  if (given != context.client_metadata().end() && restriction->opens_to({given->second.data(), given->second.size()}))
    return std::nullopt;
  const grpc::Status refused(grpc::PERMISSION_DENIED, restriction->refusal());
  const std::optional<AccessLine> access = access_line(log_, [&] { return AccessLine{"gRPC", "", name}; });
  if (access) access->write(log_, word_of(refused));
  return refused;
}

}  // namespace staronnx
