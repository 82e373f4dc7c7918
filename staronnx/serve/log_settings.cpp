#include "staronnx/serve/log_settings.h"

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>

#include "staronnx/serve/parse_json.h"

namespace staronnx {
namespace {

using Value = inference::LogSettingsRequest::SettingValue;

constexpr const char* kDefaultFormat = "default";
constexpr const char* kIso8601 = "ISO8601";

Error invalid(const std::string& message) {
  return {ErrorCode::invalid_argument, message};
}

Status take_switch(bool& setting, const std::string& name, const Value& value) {
  if (!value.has_bool_param()) return invalid("log setting '" + name + "' must be true or false");
  setting = value.bool_param();
  return {};
}

Status take_format(LogFormat& format, const Value& value) {
  const std::string& wanted = value.string_param();
  if (wanted != kDefaultFormat && wanted != kIso8601)
    return invalid("log setting 'log_format' must be 'default' or 'ISO8601', which is how times are written");
  const bool iso8601 = wanted == kIso8601;
  if (format == LogFormat::json)
    return iso8601 ? Status()
                   : invalid("the log is JSON, with times as ISO8601; start the server with --log-format text for others");
  format = iso8601 ? LogFormat::iso8601 : LogFormat::text;
  return {};
}

Status take(LogSettings& settings, const std::string& name, const Value& value) {
  if (name == "log_info") return take_switch(settings.info, name, value);
  if (name == "log_warning") return take_switch(settings.warning, name, value);
  if (name == "log_error") return take_switch(settings.error, name, value);
  if (name == "log_format") return take_format(settings.format, value);
  if (name == "log_file")
    return invalid("log file location can not be updated through network protocol; start the server with --log-file");
  if (name != "log_verbose_level")
    return invalid("there is no log setting '" + name +
                   "'; there are log_info, log_warning, log_error, log_verbose_level and log_format");
  if (!value.has_uint32_param()) return invalid("log setting 'log_verbose_level' must be a whole number of at least 0");
  settings.verbose = value.uint32_param();
  return {};
}

}  // namespace

inference::LogSettingsResponse settings_of(const Log& log) {
  const LogSettings settings = log.settings();
  inference::LogSettingsResponse response;
  auto& values = *response.mutable_settings();
  values["log_file"].set_string_param(log.file().string());
  values["log_info"].set_bool_param(settings.info);
  values["log_warning"].set_bool_param(settings.warning);
  values["log_error"].set_bool_param(settings.error);
  values["log_verbose_level"].set_uint32_param(settings.verbose);
  values["log_format"].set_string_param(settings.format == LogFormat::text ? kDefaultFormat : kIso8601);
  return response;
}

Status change(Log& log, const inference::LogSettingsRequest& request) {
  LogSettings settings = log.settings();
  for (const auto& [name, value] : request.settings()) {
    if (Status taken = take(settings, name, value); !taken) return taken;
  }
  log.change(settings);
  return {};
}

Result<inference::LogSettingsRequest> parse_log_settings(std::string_view body) {
  const Result<nlohmann::json> json = parse_json(body);
  if (!json) return json.error();
  if (!json->is_object()) return invalid("the request must be an object, such as {\"log_verbose_level\": 1}");
  inference::LogSettingsRequest request;
  for (const auto& [name, value] : json->items()) {
    Value& setting = (*request.mutable_settings())[name];
    if (value.is_boolean()) setting.set_bool_param(value.get<bool>());
    if (value.is_string()) setting.set_string_param(value.get<std::string>());
    if (value.is_number_unsigned() && value.get<std::uint64_t>() <= std::numeric_limits<std::uint32_t>::max())
      setting.set_uint32_param(value.get<std::uint32_t>());
  }
  return request;
}

std::string json_of(const inference::LogSettingsResponse& settings) {
  nlohmann::json object = nlohmann::json::object();
  for (const auto& [name, value] : settings.settings()) {
    if (value.has_bool_param()) object[name] = value.bool_param();
    if (value.has_uint32_param()) object[name] = value.uint32_param();
    if (value.has_string_param()) object[name] = value.string_param();
  }
  return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace staronnx
