#include <cuda_runtime_api.h>

#include <array>
#include <string>

#include "staronnx/machine/gpus.h"

namespace staronnx {
namespace {

std::string pci_bus_id_of(int ordinal) {
  std::array<char, 32> text{};
  return cudaDeviceGetPCIBusId(text.data(), static_cast<int>(text.size()), ordinal) == cudaSuccess ? text.data() : "";
}

}  // namespace

std::vector<Gpu> detect_gpus() {
  int count = 0;
  if (cudaGetDeviceCount(&count) != cudaSuccess) return {};
  std::vector<Gpu> gpus;
  for (int ordinal = 0; ordinal < count; ++ordinal) {
    cudaDeviceProp properties{};
    if (cudaGetDeviceProperties(&properties, ordinal) != cudaSuccess) continue;
    gpus.push_back({.ordinal = ordinal,
                    .name = properties.name,
                    .memory = Bytes{properties.totalGlobalMem},
                    .pci_bus_id = pci_bus_id_of(ordinal),
                    .speed = std::nullopt});
  }
  return gpus;
}

}  // namespace staronnx
