#include <cuda_runtime_api.h>

#include "staronnx/machine/gpus.h"

namespace staronnx {

std::vector<Gpu> detect_gpus() {
  int count = 0;
  if (cudaGetDeviceCount(&count) != cudaSuccess) return {};
  std::vector<Gpu> gpus;
  for (int ordinal = 0; ordinal < count; ++ordinal) {
    cudaDeviceProp properties{};
    if (cudaGetDeviceProperties(&properties, ordinal) == cudaSuccess) gpus.push_back({ordinal, properties.name});
  }
  return gpus;
}

}  // namespace staronnx
