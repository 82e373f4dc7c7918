// What the machine's GPUs do now, by NVIDIA's management library (NVML), which comes with the driver and is loaded when it is there. No part of
// it is needed to build. Source of names and numbers: NVML API Reference Guide.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "staronnx/base/units.h"

namespace staronnx {

struct GpuReading {
  std::string uuid;
  double utilization = 0;  // 0..1, of the driver's last sample period
  Bytes memory_total{}, memory_used{};
  double power_watts = 0, power_limit_watts = 0;  // 0: the GPU does not tell
};

// Thread-safe.
class GpuMonitor {
 public:
  // Null where there is no such library, or no GPU that it knows. `library`: as dlopen() takes it.
  static std::unique_ptr<GpuMonitor> open(const char* library = "libnvidia-ml.so.1");
  ~GpuMonitor();

  // All GPUs of the machine, but those that do not answer.
  std::vector<GpuReading> read() const;

  struct State;  // private to this room
  explicit GpuMonitor(std::unique_ptr<const State> state);

 private:
  const std::unique_ptr<const State> state_;
};

}  // namespace staronnx
