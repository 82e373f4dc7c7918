#include "staronnx/serve/trace_file.h"

#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace staronnx {
namespace {

const std::string kBegin = "[";
const std::string kEnd = "\n]\n";

std::string last_failure() {
  return std::generic_category().message(errno);
}

Error cannot_write(const std::filesystem::path& file, const std::string& why) {
  return {ErrorCode::unavailable, "the trace file " + file.string() + " cannot be written: " + why};
}

Status put(std::FILE& file, long where, std::string_view text) {
  const bool written = std::fseek(&file, where, SEEK_SET) == 0 && std::fwrite(text.data(), 1, text.size(), &file) == text.size();
  return written ? Status() : Status(Error{ErrorCode::unavailable, last_failure()});
}

}  // namespace

Result<TraceFile::Part> TraceFile::open(std::uint32_t log_frequency) {
  Part part{file_, nullptr};
  if (log_frequency > 0) part.path += "." + std::to_string(next_);
  part.file.reset(std::fopen(part.path.c_str(), "w"));
  if (part.file == nullptr) return cannot_write(part.path, last_failure());
  std::setvbuf(part.file.get(), nullptr, _IONBF, 0);
  if (const Status begun = put(*part.file, 0, std::string(kBegin) + kEnd); !begun)
    return cannot_write(part.path, begun.error().message);
  part.end = static_cast<long>(kBegin.size());
  if (log_frequency > 0) ++next_;
  return part;
}

Status TraceFile::begin(std::uint32_t log_frequency) {
  TraceRecord first;
  first.log_frequency = log_frequency;
  TraceLoss none;
  const Result<Part*> part = part_for(first, none);
  return part ? Status() : Status(part.error());
}

Result<TraceFile::Part*> TraceFile::part_for(const TraceRecord& record, TraceLoss& loss) {
  if (record.log_frequency == 0) {
    if (whole_) return &*whole_;
    Result<Part> part = open(0);
    if (!part) return part.error();
    return &whole_.emplace(*std::move(part));
  }
  const auto present = parts_.find(record.scope);
  if (present != parts_.end()) {
    if (present->second.traces < record.log_frequency) return &present->second;
    flush(present->second, loss);
  }
  Result<Part> part = open(record.log_frequency);
  if (!part) return part.error();
  return &parts_.insert_or_assign(record.scope, *std::move(part)).first->second;
}

// In one write, so that the file is whole before and after it.
void TraceFile::flush(Part& part, TraceLoss& loss) {
  if (part.waiting.empty()) return;
  const std::string text = (part.end == static_cast<long>(kBegin.size()) ? "\n" : ",\n") + std::exchange(part.waiting, {});
  const std::size_t spans = std::exchange(part.spans, 0);
  const Status written = put(*part.file, part.end, text + kEnd);
  if (written) {
    part.end += static_cast<long>(text.size());
    return;
  }
  loss = {loss.spans + spans, cannot_write(part.path, written.error().message).message};
  // The disk may be full: what was there before is made whole again, and processors are named again.
  part.tracks.clear();
  if (ftruncate(fileno(part.file.get()), part.end) == 0) static_cast<void>(put(*part.file, part.end, kEnd));
}

TraceLoss TraceFile::write(Traces traces, const std::stop_token& /*stop*/) {
  TraceLoss loss;
  for (const auto& trace : traces) {
    const Result<Part*> found = part_for(*trace, loss);
    if (!found) {
      loss = {loss.spans + span_count(*trace), found.error().message};
      continue;
    }
    Part& part = **found;
    part.waiting += (part.waiting.empty() ? "" : ",\n") + chrome_events(*trace, part.tracks);
    part.spans += span_count(*trace);
    ++part.traces;
  }
  if (whole_) flush(*whole_, loss);
  for (auto& [scope, part] : parts_) flush(part, loss);
  return loss;
}

}  // namespace staronnx
