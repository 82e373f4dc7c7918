#include "staronnx/serve/grpc_reply.h"

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

}  // namespace staronnx
