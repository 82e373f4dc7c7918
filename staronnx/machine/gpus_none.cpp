#include "staronnx/machine/gpus.h"

namespace staronnx {

std::vector<Gpu> detect_gpus() {
  return {};
}

Result<std::vector<Link>> measure_gpu_links(const Gpu& gpu, int, std::span<std::byte>, Microseconds) {
  return Error{ErrorCode::unsupported, "the links of GPU " + std::to_string(gpu.ordinal) +
                                           " cannot be measured: this build knows no CUDA; build with scripts/build --gpu"};
}

}  // namespace staronnx
