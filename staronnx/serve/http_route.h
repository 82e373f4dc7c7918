// What the path of an HTTP request asks for; private to this room.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "staronnx/serve/http_message.h"
#include "staronnx/serve/restrictions.h"

namespace staronnx {

enum class HttpEndpoint {
  live,
  ready,
  server_metadata,
  all_statistics,
  model_metadata,
  model_ready,
  model_config,
  model_statistics,
  infer,
  repository_index,
  repository_load,
  repository_unload,
  shared_memory_status,
  shared_memory_register,
  shared_memory_unregister,
  cuda_shared_memory_status,
  cuda_shared_memory_register,
  cuda_shared_memory_unregister,
  log_settings,
  change_log_settings,
  trace_settings,
  change_trace_settings,
};

struct HttpRoute {
  HttpEndpoint endpoint = HttpEndpoint::live;
  std::string model = {};
  std::optional<std::int64_t> version = {};
  std::string region = {};  // of shared memory

  Api api() const;  // of which it is a part
  bool operator==(const HttpRoute&) const = default;
};

// The path's parts are percent-decoded, the query is ignored. Otherwise the answer: 404 for a path that is not known or has a version
// that is no number, 405 for one that takes another method.
std::variant<HttpRoute, HttpAnswer> http_route(std::string_view method, std::string_view target);

}  // namespace staronnx
