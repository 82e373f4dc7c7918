#include "staronnx/serve/log.h"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/dist_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>

namespace staronnx {
namespace {

using Json = nlohmann::json;

constexpr std::array<const char*, 4> kWords = {"error", "warning", "info", "verbose"};
constexpr std::array<const char*, 4> kTextWords = {"ERROR", "WARNING", "INFO", "VERBOSE"};

std::size_t index_of(LogLevel level) {
  return static_cast<std::size_t>(level);
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

std::string json_text(std::string_view text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Without control characters, so that no client ends a line.
void append_message(std::string& line, std::string_view message) {
  for (const char c : message) {
    if (is_control(c))
      line += c == '\n' ? "\\n" : "?";
    else
      line += c;
  }
}

void append_value(std::string& line, std::string_view value) {
  const auto needs_quotes = [](char c) { return is_control(c) || c == ' ' || c == '"' || c == '='; };
  if (std::ranges::any_of(value, needs_quotes))
    line += json_text(value);
  else
    line += value;
}

std::string text_line(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  std::string line = kTextWords.at(index_of(level));
  line += ' ';
  append_message(line, message);
  for (const LogField& field : fields) {
    const auto* text = std::get_if<std::string_view>(&field.value);
    if (text != nullptr && text->empty()) continue;
    line.append(" ").append(field.name).append("=");
    if (text != nullptr)
      append_value(line, *text);
    else
      line += std::to_string(std::get<std::int64_t>(field.value));
  }
  return line;
}

// What follows the time.
std::string json_line(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  std::string line = "\"level\":\"" + std::string(kWords.at(index_of(level))) + "\",\"message\":" + json_text(message);
  for (const LogField& field : fields) {
    const auto* text = std::get_if<std::string_view>(&field.value);
    if (text != nullptr && text->empty()) continue;
    line += ',' + json_text(field.name) + ':' + (text != nullptr ? json_text(*text) : std::to_string(std::get<1>(field.value)));
  }
  return line;
}

std::unique_ptr<spdlog::formatter> formatter_for(LogFormat format) {
  using spdlog::pattern_time_type;
  const auto make = [](const char* pattern, pattern_time_type time) {
    return std::make_unique<spdlog::pattern_formatter>(pattern, time);
  };
  switch (format) {
    case LogFormat::text: return make("%Y-%m-%d %H:%M:%S.%f %v", pattern_time_type::local);
    case LogFormat::iso8601: return make("%Y-%m-%dT%H:%M:%S.%fZ %v", pattern_time_type::utc);
    case LogFormat::json: return make("{\"time\":\"%Y-%m-%dT%H:%M:%S.%fZ\",%v}", pattern_time_type::utc);
  }
  return nullptr;
}

Result<spdlog::sink_ptr> sink_for(const std::filesystem::path& file, LogFormat format) {
  spdlog::sink_ptr sink;
  try {
    if (file.empty())
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    else
      sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(file.string());
  } catch (const spdlog::spdlog_ex& failure) {
    return Error{ErrorCode::invalid_argument, "--log-file " + file.string() + ": " + failure.what()};
  }
  sink->set_formatter(formatter_for(format));
  return sink;
}

}  // namespace

struct Log::State {
  explicit State(const LogOptions& options) : file(options.file) { take(options.settings); }

  void take(const LogSettings& wanted) {
    settings = wanted;
    const bool verbose = wanted.verbose > 0;
    on[index_of(LogLevel::error)] = wanted.error;
    on[index_of(LogLevel::warning)] = wanted.warning;
    on[index_of(LogLevel::info)] = wanted.info;
    on[index_of(LogLevel::verbose)] = verbose;
  }

  const std::filesystem::path file;
  std::array<std::atomic<bool>, 4> on{};  // by level
  std::atomic<bool> json = false;
  std::shared_ptr<spdlog::sinks::dist_sink_mt> sinks = std::make_shared<spdlog::sinks::dist_sink_mt>();
  spdlog::logger logger{"staronnx", sinks};
  mutable std::mutex mutex;  // guards `settings` and who writes the rest of this
  LogSettings settings;
};

Log::Log(std::unique_ptr<State> state) : state_(std::move(state)) {}
Log::~Log() = default;

Result<std::unique_ptr<Log>> Log::open(const LogOptions& options) {
  Result<spdlog::sink_ptr> sink = sink_for(options.file, options.settings.format);
  if (!sink) return sink.error();
  auto state = std::make_unique<State>(options);
  state->json = options.settings.format == LogFormat::json;
  state->sinks->set_sinks({*std::move(sink)});
  state->logger.set_level(spdlog::level::trace);
  state->logger.flush_on(spdlog::level::trace);  // who looks finds what has happened
  return std::make_unique<Log>(std::move(state));
}

bool Log::writes(LogLevel level) const noexcept {
  return state_->on[index_of(level)].load(std::memory_order_relaxed);
}

void Log::write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  if (!writes(level)) return;
  const std::string line = state_->json ? json_line(level, message, fields) : text_line(level, message, fields);
  state_->logger.log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

const std::filesystem::path& Log::file() const {
  return state_->file;
}

LogSettings Log::settings() const {
  const std::lock_guard lock(state_->mutex);
  return state_->settings;
}

void Log::change(const LogSettings& settings) {
  const std::lock_guard lock(state_->mutex);
  if (settings.format != state_->settings.format) state_->sinks->set_formatter(formatter_for(settings.format));
  state_->take(settings);
}

Status Log::reopen() {
  const std::lock_guard lock(state_->mutex);
  Result<spdlog::sink_ptr> sink = sink_for(state_->file, state_->settings.format);
  if (!sink) return sink.error();
  state_->sinks->set_sinks({*std::move(sink)});
  return {};
}

}  // namespace staronnx
