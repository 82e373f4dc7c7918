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
  if (const Result<HttpBody> unpacked = uncompressed(HttpBody(body), "gzip", kLimit); unpacked && unpacked->size() > kLimit)
    std::abort();
  const Encoding encoding = accepted_encoding(body) == Encoding::deflate ? Encoding::deflate : Encoding::gzip;
  const Result<HttpBody> back = uncompressed(HttpBody(compressed(body, encoding)), to_string(encoding), size);
  if (!back || back->text() != body) std::abort();
  return 0;
}
