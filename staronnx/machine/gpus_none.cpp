#include "staronnx/machine/gpus.h"

namespace staronnx {

std::vector<Gpu> detect_gpus() { return {}; }

}  // namespace staronnx
