// The library knows the version of the API that the headers speak, and starts; with an argument, so does OpenVINO's provider.
#include <onnxruntime_cxx_api.h>

#include <cstdio>

int main(int count, char**) {
  if (OrtGetApiBase()->GetApi(ORT_API_VERSION) == nullptr) return 1;
  Ort::Env const environment(ORT_LOGGING_LEVEL_WARNING, "check");
  Ort::SessionOptions options;
  options.SetIntraOpNumThreads(1);
  if (count > 1) options.AppendExecutionProvider_OpenVINO_V2({{"device_type", "CPU"}});
  std::printf("library %s, API %d\n", OrtGetApiBase()->GetVersionString(), ORT_API_VERSION);
}
