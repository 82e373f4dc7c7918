#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "staronnx/serve/compression.h"

// Unpacking stays within its limit; what is packed comes back.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace staronnx;
  constexpr std::size_t kLimit = 100'000;
  const std::string body(reinterpret_cast<const char*>(data), size);
  if (const Result<std::string> unpacked = uncompressed(body, "gzip", kLimit); unpacked && unpacked->size() > kLimit)
    std::abort();
  const Encoding encoding = accepted_encoding(body) == Encoding::deflate ? Encoding::deflate : Encoding::gzip;
  const Result<std::string> back = uncompressed(compressed(body, encoding), to_string(encoding), size);
  if (!back || *back != body) std::abort();
  return 0;
}
