#include "staronnx/serve/repository_request.h"

#include <nlohmann/json.hpp>

#include "staronnx/serve/parse_json.h"

namespace staronnx {
namespace {

constexpr const char* kConfig = "config";
constexpr const char* kUnloadDependents = "unload_dependents";

Error invalid(std::string message) {
  return {ErrorCode::invalid_argument, std::move(message)};
}

Error unknown(const std::string& parameter, const std::string& known) {
  if (parameter.starts_with("file:"))
    return {
        ErrorCode::unsupported,
        "parameter '" + parameter + "' is not supported: models are served as they lie in the repository; put the file there"};
  return invalid("there is no parameter '" + parameter + "' here; there is '" + known + "'");
}

// With values that are neither text nor true or false left without a choice, which is refused by name where it is read.
template <class Request>
Result<Request> parse(const std::string& body) {
  Request request;
  if (body.empty()) return request;
  const Result<nlohmann::json> json = parse_json(body);
  if (!json) return json.error();
  if (!json->is_object()) return invalid("the request must be an object, such as {\"parameters\": {}}");
  const auto parameters = json->find("parameters");
  if (parameters == json->end()) return request;
  if (!parameters->is_object()) return invalid("'parameters' must be an object");
  for (const auto& [name, value] : parameters->items()) {
    inference::ModelRepositoryParameter& parameter = (*request.mutable_parameters())[name];
    if (value.is_string()) parameter.set_string_param(value.template get<std::string>());
    if (value.is_boolean()) parameter.set_bool_param(value.template get<bool>());
  }
  return request;
}

Status check_repository(const std::string& name) {
  if (name.empty()) return {};
  return Error{ErrorCode::unsupported, "'repository_name' specification is not supported; models are found by their names alone"};
}

}  // namespace

Result<inference::RepositoryModelLoadRequest> parse_load_request(const std::string& body) {
  return parse<inference::RepositoryModelLoadRequest>(body);
}

Result<inference::RepositoryModelUnloadRequest> parse_unload_request(const std::string& body) {
  return parse<inference::RepositoryModelUnloadRequest>(body);
}

Result<std::optional<std::string>> config_to_load(const inference::RepositoryModelLoadRequest& request) {
  if (Status checked = check_repository(request.repository_name()); !checked) return checked.error();
  std::optional<std::string> config;
  for (const auto& [name, value] : request.parameters()) {
    if (name != kConfig) return unknown(name, kConfig);
    if (!value.has_string_param()) return invalid("parameter 'config' must be text: the configuration as JSON");
    config = value.string_param();
  }
  return config;
}

Result<bool> unloads_dependents(const inference::RepositoryModelUnloadRequest& request) {
  if (Status checked = check_repository(request.repository_name()); !checked) return checked.error();
  bool dependents = false;
  for (const auto& [name, value] : request.parameters()) {
    if (name != kUnloadDependents) return unknown(name, kUnloadDependents);
    if (!value.has_bool_param()) return invalid("parameter 'unload_dependents' must be true or false");
    dependents = value.bool_param();
  }
  return dependents;
}

}  // namespace staronnx
