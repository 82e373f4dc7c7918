// Processors that run a request equally fast.
#pragma once

#include <string>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/machine/machine.h"

namespace staronnx {

// The cores of a machine, each a processor, or its GPUs of one name.
struct ProcessorClass {
  std::string name;    // "cpu", or the GPUs' name
  int processors = 0;  // of this class
  double speed = 1;    // whole float32 requests in the time that one core of the machine takes for one; "cpu" is 1 by definition

  bool operator==(const ProcessorClass&) const = default;
};

// "cpu" first, then the GPUs in the machine's order. Where a cost was not measured on a class, the time on one core divided by `speed`
// stands in for it. Fails, naming the GPU and what to add, when a GPU's speed is not known.
Result<std::vector<ProcessorClass>> processor_classes(const Machine& machine);

// The machine with the cores that run segments: the last ones are left to the threads that drive its GPUs, a core for each, but one stays.
Machine without_driving_cores(Machine machine);

}  // namespace staronnx
