// Traces in files that ui.perfetto.dev opens. A file is whole JSON after each write, whatever happens then. Private to this room.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "staronnx/serve/chrome_trace.h"
#include "staronnx/serve/trace_sink.h"

namespace staronnx {

// Records with a log_frequency of n go to FILE.0, FILE.1, .., n of a scope to each; the others to FILE. Files begin anew when they are first
// written.
class TraceFile final : public TraceSink {
 public:
  explicit TraceFile(std::filesystem::path file) : file_(std::move(file)) {}

  // Begins the file for records of the server with this log_frequency, so that what is wrong with it is known at once. Fails naming it.
  Status begin(std::uint32_t log_frequency);

  TraceLoss write(Traces traces, const std::stop_token& stop) override;

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  struct Part {  // a file that is being written
    std::filesystem::path path;
    std::unique_ptr<std::FILE, Close> file;
    long end = 0;              // of its last event
    std::string waiting = {};  // events that are to be written,
    std::size_t spans = 0;     // of so many spans
    std::uint32_t traces = 0;
    ChromeTracks tracks = {};
  };
  Result<Part> open(std::uint32_t log_frequency);
  Result<Part*> part_for(const TraceRecord& record, TraceLoss& loss);
  static void flush(Part& part, TraceLoss& loss);

  const std::filesystem::path file_;
  std::uint64_t next_ = 0;             // number at the end of a file's name
  std::optional<Part> whole_;          // FILE
  std::map<std::string, Part> parts_;  // numbered ones, by scope
};

}  // namespace staronnx
