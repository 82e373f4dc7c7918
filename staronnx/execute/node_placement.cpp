#include "staronnx/execute/node_placement.h"

#include <charconv>
#include <set>

namespace staronnx {
namespace {

constexpr std::string_view cpu_provider = "CPUExecutionProvider";

// What stands between the first `begin` and the next `end`; empty when they do not.
std::string_view between(std::string_view line, std::string_view begin, std::string_view end) {
  const std::size_t from = line.find(begin);
  if (from == std::string_view::npos) return {};
  line.remove_prefix(from + begin.size());
  return line.substr(0, line.find(end));
}

void ORT_API_CALL hear(void* placement, OrtLoggingLevel, const char*, const char*, const char*, const char* message) {
  static_cast<NodePlacement*>(placement)->read(message);
}

}  // namespace

void NodePlacement::listen(Ort::SessionOptions& options) {
  options.SetLogSeverityLevel(ORT_LOGGING_LEVEL_VERBOSE);
  Ort::ThrowOnError(Ort::GetApi().SetUserLoggingFunction(options, hear, this));
}

// " All nodes placed on [CUDAExecutionProvider]. Number of nodes: 31"; or, for each provider,
// " Node(s) placed on [CPUExecutionProvider]. Number of nodes: 2" and for each of its nodes "  Det (name)".
void NodePlacement::read(std::string_view line) {
  const std::string_view provider = between(line, " placed on [", "]"), number = between(line, "Number of nodes: ", " ");
  if (!provider.empty() && !number.empty()) {
    std::size_t count = 0;
    std::from_chars(number.data(), number.data() + number.size(), count);
    counts_[std::string(provider)] += count;
    lists_cpu_ = provider == cpu_provider;
  } else if (lists_cpu_ && line.starts_with("  ") && line.ends_with(")")) {
    cpu_operators_.emplace_back(between(line, "  ", " ("));
  } else {
    lists_cpu_ = false;
  }
}

std::string NodePlacement::on_cpu() const {
  const auto cpu = counts_.find(cpu_provider);
  if (cpu == counts_.end()) return {};
  std::size_t all = 0;
  for (const auto& [provider, count] : counts_) all += count;
  std::string text = std::to_string(cpu->second) + " of " + std::to_string(all) + " nodes";
  std::string names;
  for (const std::string& name : std::set(cpu_operators_.begin(), cpu_operators_.end()))
    names += (names.empty() ? "" : ", ") + name;
  return names.empty() ? text : text + " (" + names + ")";
}

}  // namespace staronnx
