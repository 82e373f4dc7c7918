#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "staronnx/plan/plan.h"

// What is accepted is written and read again as it was.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string json(reinterpret_cast<const char*>(data), size);
  const staronnx::Result<staronnx::Plan> plan = staronnx::parse_plan(json);
  if (!plan) return 0;
  const staronnx::Result<staronnx::Plan> again = staronnx::parse_plan(staronnx::to_json(*plan));
  if (!again || *again != *plan) std::abort();
  return 0;
}
