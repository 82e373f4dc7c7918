#include <cstddef>
#include <cstdint>

#include "staronnx/model/fuzz/parsers.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  staronnx::try_model(std::as_bytes(std::span(data, size)));
  return 0;
}
