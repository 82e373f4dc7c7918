#include "staronnx/serve/trace_settings.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "staronnx/serve/parse_json.h"
#include "staronnx/serve/trace_sampler.h"

namespace staronnx {
namespace {

using Value = inference::TraceSettingRequest::SettingValue;

Error invalid(const std::string& message) {
  return {ErrorCode::invalid_argument, message};
}

// `parse`: of the setting's name and its only value.
template <class Setting, class Parse>
Status take(SettingChange<Setting>& change, const std::string& name, const Value& value, const Parse& parse) {
  change.emplace();
  if (value.value().empty()) return {};
  if (value.value_size() > 1) return invalid("expect only 1 value for '" + name + "'");
  const Result<Setting> parsed = parse(name, value.value(0));
  if (!parsed) return parsed.error();
  *change = *parsed;
  return {};
}

Status take_level(const Tracer& tracer, SettingChange<bool>& change, const Value& value) {
  change.emplace();
  if (value.value().empty()) return {};
  const std::vector<std::string> levels(value.value().begin(), value.value().end());
  const Result<bool> timestamps = timestamps_of(levels);
  if (!timestamps) return timestamps.error();
  if (*timestamps && tracer.mode() == TraceMode::triton && tracer.file().empty())
    return invalid("there is no trace file; start the server with --trace-config triton,file=FILE, or mode=opentelemetry");
  *change = *timestamps;
  return {};
}

Status take(const Tracer& tracer, TraceChange& change, const std::string& name, const Value& value) {
  if (name == "trace_level") return take_level(tracer, change.timestamps, value);
  if (name == "trace_rate") return take(change.rate, name, value, trace_number);
  if (name == "trace_count") return take(change.count, name, value, trace_count);
  if (name == "log_frequency") {
    if (tracer.mode() != TraceMode::triton && !value.value().empty())
      return invalid("log_frequency is of the mode triton, which writes files");
    return take(change.log_frequency, name, value, trace_number);
  }
  if (name == "trace_file")
    return Error{ErrorCode::unsupported,
                 "trace file location can not be updated through network protocol; start the server with --trace-config "
                 "triton,file=FILE"};
  if (name == "trace_mode")
    return Error{ErrorCode::unsupported,
                 "trace mode can not be updated through network protocol; start the server with --trace-config mode=MODE"};
  return invalid("there is no trace setting '" + name +
                 "'; there are trace_level, trace_rate, trace_count and log_frequency, and trace_mode and trace_file to be read");
}

// A value as text; nothing for what is none.
std::optional<std::string> text_of(const nlohmann::json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer()) return value.dump();
  return std::nullopt;
}

}  // namespace

inference::TraceSettingResponse settings_of(const Tracer& tracer, const std::string& model) {
  const TraceSettings settings = tracer.sampler().settings(model);
  inference::TraceSettingResponse response;
  auto& values = *response.mutable_settings();
  values["trace_level"].add_value(settings.timestamps ? "TIMESTAMPS" : "OFF");
  values["trace_rate"].add_value(std::to_string(settings.rate));
  values["trace_count"].add_value(std::to_string(settings.count));
  values["trace_mode"].add_value(std::string(to_string(tracer.mode())));
  if (tracer.mode() == TraceMode::opentelemetry) return response;
  values["log_frequency"].add_value(std::to_string(settings.log_frequency));
  values["trace_file"].add_value(tracer.file());
  return response;
}

Status change(const Tracer& tracer, const inference::TraceSettingRequest& request) {
  TraceChange changes;
  for (const auto& [name, value] : request.settings()) {
    if (Status taken = take(tracer, changes, name, value); !taken) return taken;
  }
  tracer.sampler().change(request.model_name(), changes);
  return {};
}

Result<inference::TraceSettingResponse> trace_setting(const Server& server, const inference::TraceSettingRequest& request) {
  const std::string& model = request.model_name();
  if (!model.empty()) {
    const Result<std::shared_ptr<ServedModel>> found = server.catalog().find(model, std::nullopt);
    if (!found) return found.error();
  }
  if (Status changed = change(server.tracer(), request); !changed) return changed.error();
  return settings_of(server.tracer(), model);
}

Result<inference::TraceSettingRequest> parse_trace_settings(std::string_view body) {
  const Result<nlohmann::json> json = parse_json(body);
  if (!json) return json.error();
  if (!json->is_object()) return invalid("the request must be an object, such as {\"trace_level\": [\"TIMESTAMPS\"]}");
  inference::TraceSettingRequest request;
  for (const auto& [name, value] : json->items()) {
    Value& setting = (*request.mutable_settings())[name];
    if (value.is_null()) continue;
    for (const nlohmann::json& each : value.is_array() ? value : nlohmann::json::array({value})) {
      std::optional<std::string> text = text_of(each);
      if (!text) return invalid("trace setting '" + name + "' must be text, a list of texts, or null");
      setting.add_value(*std::move(text));
    }
  }
  return request;
}

std::string json_of(const inference::TraceSettingResponse& settings) {
  nlohmann::json object = nlohmann::json::object();
  for (const auto& [name, value] : settings.settings()) {
    nlohmann::json& setting = object[name];
    if (name == "trace_level")
      setting = value.value();
    else
      setting = value.value(0);
  }
  return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace staronnx
