#include "staronnx/execute/prepare_model.h"

#include <onnxruntime_session_options_config_keys.h>

#include "staronnx/execute/ort.h"
#include "staronnx/model/repeated_constants.h"

namespace staronnx {
namespace {

constexpr const char* smallest_external_bytes = "1024";

}  // namespace

Status write_basic_model(const std::filesystem::path& model, const std::filesystem::path& directory,
                         const std::string& model_file, const std::string& weights_file) {
  return ort::guarded("'" + model.string() + "'", [&]() -> Status {
    const Ort::Env environment = ort::quiet_environment();
    Ort::SessionOptions options = ort::options_for(CoreGroup{{0}, 0});
    options.SetGraphOptimizationLevel(ORT_ENABLE_BASIC);
    options.SetOptimizedModelFilePath((directory / model_file).c_str());
    options.AddConfigEntry(kOrtSessionOptionsOptimizedModelExternalInitializersFileName, weights_file.c_str());
    options.AddConfigEntry(kOrtSessionOptionsOptimizedModelExternalInitializersMinSizeInBytes, smallest_external_bytes);
    options.AddConfigEntry(kOrtSessionOptionsConfigDisablePrepacking, "1");
    const Ort::Session saves_the_model(environment, model.c_str(), options);
    return drop_repeated_constants(directory / model_file);
  });
}

}  // namespace staronnx
