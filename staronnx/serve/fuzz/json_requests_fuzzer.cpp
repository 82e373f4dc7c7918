#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "staronnx/base/temporary_directory.h"
#include "staronnx/serve/log_settings.h"
#include "staronnx/serve/model_config.h"
#include "staronnx/serve/otlp_message.h"
#include "staronnx/serve/repository.h"
#include "staronnx/serve/repository_request.h"
#include "staronnx/serve/trace_settings.h"

using namespace staronnx;

namespace {

// Each is written in the model's folder, or none is taken.
void check_places(const ModelFiles& files) {
  const TemporaryDirectory repository = *TemporaryDirectory::create();
  const Result<RepositoryModel> written = write_model(repository.path(), "m", ModelConfig("m"), files);
  for (const auto& [file, content] : files) {
    const std::filesystem::path place = std::filesystem::weakly_canonical(repository.path() / "m" / file);
    const std::filesystem::path inside = place.lexically_relative(std::filesystem::canonical(repository.path()) / "m");
    if (written && (*inside.begin() == ".." || !std::filesystem::is_regular_file(place))) std::abort();
  }
}

}  // namespace

// What clients say in JSON beside inferences, and collectors, is understood or refused.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(parse_log_settings(text));
  static_cast<void>(parse_trace_settings(text));
  static_cast<void>(rejected_spans(text));
  if (const auto request = parse_unload_request(text)) static_cast<void>(unloads_dependents(*request));
  const auto request = parse_load_request(text);
  if (!request) return 0;
  const Result<GivenModel> given = given_model(*request);
  if (!given) return 0;
  if (!given->files.empty() && !given->config) std::abort();
  if (given->config) static_cast<void>(ModelConfig::parse_json(*given->config, "m"));
  if (!given->files.empty()) check_places(given->files);
  return 0;
}
