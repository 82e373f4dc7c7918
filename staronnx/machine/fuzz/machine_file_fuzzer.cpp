#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "staronnx/machine/machine_file.h"

// What is accepted is written and read again as it was.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string json(reinterpret_cast<const char*>(data), size);
  const staronnx::Result<staronnx::Machine> machine = staronnx::parse_machine(json);
  if (!machine) return 0;
  const staronnx::Result<staronnx::Machine> again = staronnx::parse_machine(staronnx::to_json(*machine));
  if (!again || *again != *machine) std::abort();
  return 0;
}
