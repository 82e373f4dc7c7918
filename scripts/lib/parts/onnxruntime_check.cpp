// The library knows the version of the API that the headers speak, and starts.
#include <onnxruntime_cxx_api.h>

#include <cstdio>

int main() {
  if (OrtGetApiBase()->GetApi(ORT_API_VERSION) == nullptr) return 1;
  Ort::Env const environment(ORT_LOGGING_LEVEL_WARNING, "check");
  Ort::SessionOptions options;
  options.SetIntraOpNumThreads(1);
  std::printf("library %s, API %d\n", OrtGetApiBase()->GetVersionString(), ORT_API_VERSION);
}
