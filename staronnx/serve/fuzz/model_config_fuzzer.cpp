#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "staronnx/serve/ensemble.h"
#include "staronnx/serve/model_config.h"

// Any text is accepted or refused with a message; what is accepted fits a model or not, and then has settings. Of an ensemble every step runs.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto config = staronnx::ModelConfig::parse(text, "config.pbtxt", "m");
  if (!config) {
    if (!config.error().message.starts_with("config.pbtxt")) std::abort();
    return 0;
  }
  if (config->is_ensemble()) {
    const auto ensemble = staronnx::define("m", 1, *config, "/nowhere");
    if (ensemble && (*ensemble)->graph.steps.empty()) std::abort();
    return 0;
  }
  const staronnx::Signature model{{{"x", staronnx::DataType::float32, {-1, 4}, {"", ""}}},
                                  {{"y", staronnx::DataType::int64, {}, {}}}};
  if (const auto completed = config->completed(model); completed) static_cast<void>(completed->settings("/nowhere"));
  return 0;
}
