// The server's log: lines of what happens, for people or for programs.
//
//   2026-01-31 12:00:00.123456 WARNING it is full model=resnet50 version=1 request_id=seven
//   {"time":"2026-01-31T12:00:00.123456Z","level":"warning","message":"it is full","model":"resnet50","version":1,"request_id":"seven"}
//
// A line is one line whatever clients send: control characters are written as escapes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <string_view>
#include <variant>

#include "staronnx/base/result.h"

namespace staronnx {

enum class LogLevel { error, warning, info, verbose };

enum class LogFormat {
  text,     // local time
  iso8601,  // the same with the time as ISO 8601, UTC
  json,     // an object a line
};

struct LogSettings {
  bool error = true, warning = true, info = true;
  std::uint32_t verbose = 0;  // from 1: a line for each request, too
  LogFormat format = LogFormat::text;

  bool operator==(const LogSettings&) const = default;
};

struct LogOptions {
  LogSettings settings = {};
  std::filesystem::path file = {};  // is appended to; empty: standard error
};

// Something that a line is about. Valid during the call that takes it; empty text is left out.
struct LogField {
  std::string_view name;
  std::variant<std::string_view, std::int64_t> value;
};

// Thread-safe.
class Log {
 public:
  // Fails, naming --log-file, when the file cannot be written.
  static Result<std::unique_ptr<Log>> open(const LogOptions& options);
  ~Log();

  // Whether lines of this level are written: ask before what a line takes to make. Allocates nothing.
  bool writes(LogLevel level) const noexcept;

  // Returns when the line is written, if its level is.
  void write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

  const std::filesystem::path& file() const;
  LogSettings settings() const;
  void change(const LogSettings& settings);  // but not into JSON, or out of it

  // Goes on in a new file, when who rotates logs has moved the old one away. As open(); then the old one goes on.
  Status reopen();

  struct State;  // private to this room
  explicit Log(std::unique_ptr<State> state);

 private:
  const std::unique_ptr<State> state_;
};

}  // namespace staronnx
