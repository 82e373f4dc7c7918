#include "staronnx/serve/http_route.h"

#include <array>
#include <boost/container/small_vector.hpp>
#include <charconv>
#include <span>

namespace staronnx {
namespace {

// Takes what is before the first slash off the front of `path`, and the slash; false when that was all of it.
constexpr bool take_part(std::string_view& path, std::string_view& part) {
  const std::size_t slash = path.find('/');
  part = path.substr(0, slash);
  if (slash == std::string_view::npos) return false;
  path.remove_prefix(slash + 1);
  return true;
}

// Its path is cut into parts when this is compiled, as one of each request is compared with all.
struct Row {
  std::string_view method;
  std::array<std::string_view, 6> parts{};  // {m}: a model's name; {n}: a version's number; {r}: a region's name
  std::size_t count = 0;
  HttpEndpoint endpoint;

  constexpr Row(std::string_view taken, std::string_view path, HttpEndpoint found) : method(taken), endpoint(found) {
    while (take_part(path, parts[count++])) {
    }
  }
};

constexpr std::array kRows{
    Row{"GET", "v2", HttpEndpoint::server_metadata},
    Row{"GET", "v2/health/live", HttpEndpoint::live},
    Row{"GET", "v2/health/ready", HttpEndpoint::ready},
    Row{"GET", "v2/models/stats", HttpEndpoint::all_statistics},
    Row{"GET", "v2/models/{m}", HttpEndpoint::model_metadata},
    Row{"GET", "v2/models/{m}/versions/{n}", HttpEndpoint::model_metadata},
    Row{"GET", "v2/models/{m}/ready", HttpEndpoint::model_ready},
    Row{"GET", "v2/models/{m}/versions/{n}/ready", HttpEndpoint::model_ready},
    Row{"GET", "v2/models/{m}/config", HttpEndpoint::model_config},
    Row{"GET", "v2/models/{m}/versions/{n}/config", HttpEndpoint::model_config},
    Row{"GET", "v2/models/{m}/stats", HttpEndpoint::model_statistics},
    Row{"GET", "v2/models/{m}/versions/{n}/stats", HttpEndpoint::model_statistics},
    Row{"POST", "v2/models/{m}/infer", HttpEndpoint::infer},
    Row{"POST", "v2/models/{m}/versions/{n}/infer", HttpEndpoint::infer},
    Row{"POST", "v2/repository/index", HttpEndpoint::repository_index},
    Row{"POST", "v2/repository/models/{m}/load", HttpEndpoint::repository_load},
    Row{"POST", "v2/repository/models/{m}/unload", HttpEndpoint::repository_unload},
    Row{"GET", "v2/systemsharedmemory/status", HttpEndpoint::shared_memory_status},
    Row{"GET", "v2/systemsharedmemory/region/{r}/status", HttpEndpoint::shared_memory_status},
    Row{"POST", "v2/systemsharedmemory/region/{r}/register", HttpEndpoint::shared_memory_register},
    Row{"POST", "v2/systemsharedmemory/unregister", HttpEndpoint::shared_memory_unregister},
    Row{"POST", "v2/systemsharedmemory/region/{r}/unregister", HttpEndpoint::shared_memory_unregister},
    Row{"GET", "v2/cudasharedmemory/status", HttpEndpoint::cuda_shared_memory_status},
    Row{"GET", "v2/cudasharedmemory/region/{r}/status", HttpEndpoint::cuda_shared_memory_status},
    Row{"POST", "v2/cudasharedmemory/region/{r}/register", HttpEndpoint::cuda_shared_memory_register},
    Row{"POST", "v2/cudasharedmemory/unregister", HttpEndpoint::cuda_shared_memory_unregister},
    Row{"POST", "v2/cudasharedmemory/region/{r}/unregister", HttpEndpoint::cuda_shared_memory_unregister},
    Row{"GET", "v2/logging", HttpEndpoint::log_settings},
    Row{"POST", "v2/logging", HttpEndpoint::change_log_settings},
    Row{"GET", "v2/trace/setting", HttpEndpoint::trace_settings},
    Row{"POST", "v2/trace/setting", HttpEndpoint::change_trace_settings},
    Row{"GET", "v2/models/{m}/trace/setting", HttpEndpoint::trace_settings},
    Row{"POST", "v2/models/{m}/trace/setting", HttpEndpoint::change_trace_settings},
};

// Nothing when a percent sign is not followed by two hexadecimal digits.
std::optional<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    unsigned value = 0;
    const std::string_view digits = text.substr(i + 1, 2);
    const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (problem != std::errc() || digits.size() != 2 || end != digits.data() + 2) return std::nullopt;
    decoded += static_cast<char>(value);
    i += 2;
  }
  return decoded;
}

std::optional<std::int64_t> version_of(std::string_view text) {
  std::int64_t version = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (problem != std::errc() || end != text.data() + text.size() || version < 0) return std::nullopt;
  return version;
}

std::optional<HttpRoute> match(const Row& row, std::span<const std::string> parts) {
  if (row.count != parts.size()) return std::nullopt;
  HttpRoute route{row.endpoint};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string_view wanted = row.parts[i];
    if (wanted == "{m}") {
      if (parts[i].empty()) return std::nullopt;
      route.model = parts[i];
    } else if (wanted == "{r}") {
      if (parts[i].empty()) return std::nullopt;
      route.region = parts[i];
    } else if (wanted == "{n}") {
      route.version = version_of(parts[i]);
      if (!route.version) return std::nullopt;
    } else if (wanted != parts[i]) {
      return std::nullopt;
    }
  }
  return route;
}

HttpAnswer unknown(std::string_view path) {
  return error_answer(404, "there is nothing at '" + std::string(path) + "'; paths begin with /v2");
}

// Where no row has the path and the method.
HttpAnswer refusal(std::string_view method, std::string_view path, std::span<const std::string> parts) {
  std::string allowed;
  for (const Row& row : kRows) {
    if (match(row, parts)) allowed += (allowed.empty() ? "" : ", ") + std::string(row.method);
  }
  if (allowed.empty()) return unknown(path);
  HttpAnswer answer = error_answer(405, "'" + std::string(path) + "' takes " + allowed + ", not " + std::string(method));
  answer.fields.emplace_back("Allow", allowed);
  return answer;
}

}  // namespace

Api HttpRoute::api() const {
  switch (endpoint) {
    case HttpEndpoint::live:
    case HttpEndpoint::ready:
    case HttpEndpoint::model_ready: return Api::health;
    case HttpEndpoint::server_metadata:
    case HttpEndpoint::model_metadata: return Api::metadata;
    case HttpEndpoint::all_statistics:
    case HttpEndpoint::model_statistics: return Api::statistics;
    case HttpEndpoint::model_config: return Api::model_config;
    case HttpEndpoint::infer: return Api::inference;
    case HttpEndpoint::repository_index:
    case HttpEndpoint::repository_load:
    case HttpEndpoint::repository_unload: return Api::model_repository;
    case HttpEndpoint::shared_memory_status:
    case HttpEndpoint::shared_memory_register:
    case HttpEndpoint::shared_memory_unregister:
    case HttpEndpoint::cuda_shared_memory_status:
    case HttpEndpoint::cuda_shared_memory_register:
    case HttpEndpoint::cuda_shared_memory_unregister: return Api::shared_memory;
    case HttpEndpoint::log_settings:
    case HttpEndpoint::change_log_settings: return Api::logging;
    case HttpEndpoint::trace_settings:
    case HttpEndpoint::change_trace_settings: return Api::trace;
  }
  return Api::inference;
}

std::variant<HttpRoute, HttpAnswer> http_route(std::string_view method, std::string_view target) {
  const std::string_view path = target.substr(0, target.find_first_of("?#"));
  if (!path.starts_with('/')) return unknown(path);
  boost::container::small_vector<std::string, 8> parts;
  std::string_view rest = path.substr(1), part;
  for (bool more = true; more;) {
    more = take_part(rest, part);
    std::optional<std::string> decoded = percent_decoded(part);
    if (!decoded) return error_answer(400, "'" + std::string(path) + "' has a percent sign without two hexadecimal digits");
    parts.push_back(*std::move(decoded));
  }
  if (parts.size() > 1 && parts.back().empty()) parts.pop_back();  // "/v2/"
  const std::span<const std::string> wanted(parts.data(), parts.size());
  for (const Row& row : kRows) {
    if (row.method != method) continue;
    if (std::optional<HttpRoute> route = match(row, wanted)) return *std::move(route);
  }
  return refusal(method, path, wanted);
}

}  // namespace staronnx
