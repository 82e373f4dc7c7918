#include "apps/trace_choice.h"

#include <string>
#include <vector>

namespace staronnx::apps {

void add_trace(CLI::App& verb, TraceOptions& options) {
  const char* name = "--trace-config";
  const auto take = [name, &options](const std::vector<std::string>& texts) {
    const Result<TraceOptions> parsed = TraceOptions::parse(texts);
    if (!parsed) throw CLI::ValidationError(name, parsed.error().message);
    options = *parsed;
  };
  verb.add_option_function<std::vector<std::string>>(
          name, take,
          "SETTING=VALUE: level (OFF, TIMESTAMPS), rate, count, mode (triton, opentelemetry), triton,file, triton,log-frequency, "
          "opentelemetry,url, opentelemetry,resource, ..; several between semicolons")
      ->type_name("TEXT")
      ->take_all()
      ->allow_extra_args(false)
      ->delimiter(';');
}

}  // namespace staronnx::apps
