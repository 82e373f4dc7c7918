#include "staronnx/serve/repository_request.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "staronnx/serve/base64.h"
#include "staronnx/serve/parse_json.h"

namespace staronnx {
namespace {

constexpr const char* kConfig = "config";
constexpr std::string_view kFile = "file:";  // and where it is in the model's folder
constexpr const char* kUnloadDependents = "unload_dependents";

Error invalid(std::string message) {
  return {ErrorCode::invalid_argument, std::move(message)};
}

Error unknown(const std::string& parameter, const std::string& known) {
  return invalid("there is no parameter '" + parameter + "' here; there is '" + known + "'");
}

// Without a choice for what is neither text nor true or false, which is refused by name where it is read.
Result<inference::ModelRepositoryParameter> parameter_of(const std::string& name, const nlohmann::json& value) {
  inference::ModelRepositoryParameter parameter;
  if (value.is_string() && name.starts_with(kFile)) {
    std::optional<std::string> bytes = from_base64(value.get_ref<const std::string&>());
    if (!bytes) return invalid("parameter '" + name + "' must be the file's bytes in base64");
    parameter.set_bytes_param(*std::move(bytes));
  } else if (value.is_string()) {
    parameter.set_string_param(value.get<std::string>());
  } else if (value.is_boolean()) {
    parameter.set_bool_param(value.get<bool>());
  }
  return parameter;
}

template <class Request>
Result<Request> parse(std::string_view body) {
  Request request;
  if (body.empty()) return request;
  const Result<nlohmann::json> json = parse_json(body);
  if (!json) return json.error();
  if (!json->is_object()) return invalid("the request must be an object, such as {\"parameters\": {}}");
  const auto parameters = json->find("parameters");
  if (parameters == json->end()) return request;
  if (!parameters->is_object()) return invalid("'parameters' must be an object");
  for (const auto& [name, value] : parameters->items()) {
    Result<inference::ModelRepositoryParameter> parameter = parameter_of(name, value);
    if (!parameter) return parameter.error();
    (*request.mutable_parameters())[name] = *std::move(parameter);
  }
  return request;
}

Status check_repository(const std::string& name) {
  if (name.empty()) return {};
  return Error{ErrorCode::unsupported, "'repository_name' specification is not supported; models are found by their names alone"};
}

}  // namespace

Result<inference::RepositoryModelLoadRequest> parse_load_request(std::string_view body) {
  return parse<inference::RepositoryModelLoadRequest>(body);
}

Result<inference::RepositoryModelUnloadRequest> parse_unload_request(std::string_view body) {
  return parse<inference::RepositoryModelUnloadRequest>(body);
}

Result<GivenModel> given_model(const inference::RepositoryModelLoadRequest& request) {
  if (Status checked = check_repository(request.repository_name()); !checked) return checked.error();
  GivenModel given;
  for (const auto& [name, value] : request.parameters()) {
    if (name == kConfig) {
      if (!value.has_string_param()) return invalid("parameter 'config' must be text: the configuration as JSON");
      given.config = value.string_param();
    } else if (name.starts_with(kFile)) {
      if (!value.has_bytes_param()) return invalid("parameter '" + name + "' must be the file's bytes");
      given.files[name.substr(kFile.size())] = value.bytes_param();
    } else {
      return unknown(name, "config' and 'file:1/model.onnx");
    }
  }
  if (given.files.empty() || given.config) return given;
  return invalid("files of a model need its configuration; send the parameter 'config', too");
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
