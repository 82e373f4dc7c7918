// The library knows the version of the API that the headers speak, and starts. With an argument: OpenVINO's provider starts, too
// ("openvino"), or there is a provider for CUDA ("gpu"), which starts only where there is a GPU.
#include <onnxruntime_cxx_api.h>

#include <algorithm>
#include <cstdio>
#include <string>

int main(int, char** arguments) {
  if (OrtGetApiBase()->GetApi(ORT_API_VERSION) == nullptr) return 1;
  Ort::Env const environment(ORT_LOGGING_LEVEL_WARNING, "check");
  Ort::SessionOptions options;
  options.SetIntraOpNumThreads(1);
  const std::string flavour = arguments[1] == nullptr ? "" : arguments[1];
  if (flavour == "openvino") options.AppendExecutionProvider_OpenVINO_V2({{"device_type", "CPU"}});
  const auto names = Ort::GetAvailableProviders();
  if (flavour == "gpu" && std::count(names.begin(), names.end(), "CUDAExecutionProvider") == 0) return 2;
  std::printf("library %s, API %d\n", OrtGetApiBase()->GetVersionString(), ORT_API_VERSION);
}
