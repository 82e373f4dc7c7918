#include "staronnx/machine/processor_class.h"

#include <algorithm>

namespace staronnx {

Result<std::vector<ProcessorClass>> processor_classes(const Machine& machine) {
  std::vector<ProcessorClass> classes = {{"cpu", static_cast<int>(machine.cores.size()), 1}};
  for (const Gpu& gpu : machine.gpus) {
    if (!gpu.speed) {
      return Error{
          ErrorCode::invalid_argument,
          "the speed of GPU " + std::to_string(gpu.ordinal) + " (" + gpu.name +
              ") is not known; add \"speed\" to it in the machine file: how many times faster than one core it runs a request"};
    }
    const auto known =
        std::find_if(classes.begin() + 1, classes.end(), [&](const ProcessorClass& c) { return c.name == gpu.name; });
    if (known == classes.end()) {
      classes.push_back({gpu.name, 1, *gpu.speed});
    } else {
      ++known->processors;
    }
  }
  return classes;
}

Machine without_driving_cores(Machine machine) {
  const std::size_t cores = machine.cores.size(), driving = machine.gpus.size();
  machine.cores.resize(cores > driving ? cores - driving : 1);
  return machine;
}

}  // namespace staronnx
