#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "staronnx/profile/cost_profile.h"

// What is accepted is written and read again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto profile = staronnx::parse_cost_profile(std::string(reinterpret_cast<const char*>(data), size));
  if (profile && !staronnx::parse_cost_profile(staronnx::to_json(*profile))) std::abort();
  return 0;
}
