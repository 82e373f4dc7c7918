#include "staronnx/execute/ort.h"

#include <regex>
#include <string>

#include <onnxruntime_session_options_config_keys.h>

namespace staronnx::ort {
namespace {

ErrorCode code_of(OrtErrorCode code) {
  switch (code) {
    case ORT_INVALID_ARGUMENT:
    case ORT_INVALID_PROTOBUF:
    case ORT_INVALID_GRAPH: return ErrorCode::invalid_argument;
    case ORT_NO_SUCHFILE:
    case ORT_NO_MODEL: return ErrorCode::not_found;
    case ORT_NOT_IMPLEMENTED: return ErrorCode::unsupported;
    default: return ErrorCode::internal;
  }
}

// Processors that the pool's threads are pinned to, in ONNX Runtime's own notation: "2;3", numbers from 1.
std::string pool_affinities(const CoreGroup& group) {
  std::string text;
  for (std::size_t i = 1; i < group.cores.size(); ++i) {
    text += (i > 1 ? ";" : "") + std::to_string(group.cores[i] + 1);
  }
  return text;
}

}  // namespace

Ort::Env quiet_environment() {
  return Ort::Env(ORT_LOGGING_LEVEL_FATAL, "staronnx");
}

void share_arena(Ort::Env& environment) {
  constexpr int by_default = -1;
  const Ort::ArenaCfg arena(0, by_default, by_default, by_default);
  environment.CreateAndRegisterAllocator(Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault), arena);
}

Ort::SessionOptions options_for(const CoreGroup& group) {
  Ort::SessionOptions options;
  options.SetLogSeverityLevel(ORT_LOGGING_LEVEL_FATAL);
  options.SetExecutionMode(ORT_SEQUENTIAL);
  options.SetIntraOpNumThreads(group.width());
  options.AddConfigEntry(kOrtSessionOptionsConfigUseEnvAllocators, "1");
  options.AddConfigEntry(kOrtSessionOptionsUseDeviceAllocatorForInitializers, "1");
  if (group.width() > 1) {
    options.AddConfigEntry(kOrtSessionOptionsConfigIntraOpThreadAffinities, pool_affinities(group).c_str());
    // The threads spin while a run lasts, never between runs: half a second without runs takes 0.1 ms of processor time. On two cores of its own
    // every model measured is the faster for it, so a choice for each model would always be this one: time with over without spinning
    // SqueezeNet 0.80, ResNet-50 0.96, DenseNet-121 0.85. Where another program keeps one of the cores busy: 0.88, 1.39, 1.22; both:
    // 1.13, 1.13, 0.84. Spinning for 10 to 1000 us only is no different in either (docs/performance.md).
    options.AddConfigEntry(kOrtSessionOptionsConfigAllowIntraOpSpinning, "1");
    options.AddConfigEntry(kOrtSessionOptionsConfigForceSpinningStop, "1");
  }
  return options;
}

Error error_of(std::string_view what, const Ort::Exception& exception) {
  static const std::regex place_in_source(R"(\S*/\S+\.(cc|cpp|h|hpp|cu|cuh|inl):\d+ ?)");
  std::string message = std::regex_replace(exception.what(), place_in_source, "");
  message.erase(message.find_last_not_of(" \n") + 1);
  return Error{code_of(exception.GetOrtErrorCode()), std::string(what) + ": ONNX Runtime: " + message};
}

}  // namespace staronnx::ort
