#include "apps/log_choice.h"

#include <map>
#include <string>

namespace staronnx::apps {

void add_log(CLI::App& verb, LogOptions& options) {
  const std::map<std::string, LogFormat> formats{
      {"text", LogFormat::text}, {"default", LogFormat::text}, {"ISO8601", LogFormat::iso8601}, {"json", LogFormat::json}};
  LogSettings& settings = options.settings;
  verb.add_option("--log-verbose", settings.verbose, "1: a line for each request; 0: none")->capture_default_str();
  verb.add_option("--log-info", settings.info, "Whether what happens is logged")->capture_default_str();
  verb.add_option("--log-warning", settings.warning, "Whether warnings are logged")->capture_default_str();
  verb.add_option("--log-error", settings.error, "Whether errors are logged")->capture_default_str();
  verb.add_option("--log-format", settings.format, "Lines for people (text; ISO8601: with such times) or programs (json)")
      ->transform(CLI::CheckedTransformer(formats, CLI::ignore_case))
      ->default_str("text");
  verb.add_option("--log-file", options.file, "Where the log is appended to, instead of standard error");
}

}  // namespace staronnx::apps
