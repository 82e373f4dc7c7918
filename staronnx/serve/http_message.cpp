#include "staronnx/serve/http_message.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace staronnx {

std::size_t HttpAnswer::size() const {
  std::size_t size = body.size();
  for (const std::span<const std::byte> part : lent) size += part.size();
  return size;
}

void HttpAnswer::take_lent() {
  body.reserve(size());
  for (const std::span<const std::byte> part : std::exchange(lent, {}))
    body.append(reinterpret_cast<const char*>(part.data()), part.size());
}

unsigned http_status(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument:
    case ErrorCode::already_exists:
    case ErrorCode::cancelled: return 400;
    case ErrorCode::not_found: return 404;
    case ErrorCode::unsupported: return 501;
    case ErrorCode::unavailable:
    case ErrorCode::deadline_exceeded: return 503;
    case ErrorCode::internal: return 500;
  }
  return 500;
}

HttpAnswer error_answer(unsigned status, std::string_view message) {
  const nlohmann::json body = {{"error", message}};
  HttpAnswer answer;
  answer.status = status;
  answer.body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return answer;
}

HttpAnswer error_answer(const Error& error) {
  return error_answer(http_status(error.code), error.message);
}

HttpAnswer busy_answer(const Error& error, Seconds retry_after) {
  HttpAnswer answer = error_answer(error);
  answer.fields.emplace_back("Retry-After", std::to_string(std::max<long>(1, std::lround(std::ceil(retry_after.count())))));
  return answer;
}

}  // namespace staronnx
