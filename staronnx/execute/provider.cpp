#include "staronnx/execute/provider.h"

#include <algorithm>
#include <string>

#include "staronnx/execute/ort.h"

namespace staronnx {

std::string_view to_string(Provider provider) {
  return provider == Provider::openvino ? "openvino" : "cpu";
}

std::optional<Provider> provider_named(std::string_view name) {
  for (const Provider provider : {Provider::cpu, Provider::openvino}) {
    if (to_string(provider) == name) return provider;
  }
  return std::nullopt;
}

std::vector<Provider> available_providers() {
  std::vector<Provider> providers{Provider::cpu};
  const std::vector<std::string> names = Ort::GetAvailableProviders();
  if (std::ranges::count(names, "OpenVINOExecutionProvider") > 0) providers.push_back(Provider::openvino);
  return providers;
}

}  // namespace staronnx
