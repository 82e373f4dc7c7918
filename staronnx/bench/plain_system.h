// ONNX Runtime as its users run it: the baseline.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "staronnx/base/units.h"
#include "staronnx/bench/system.h"
#include "staronnx/execute/engine.h"

namespace staronnx {

struct PlainSystemOptions {
  std::string name;
  int threads = 1;                  // that call the executor, each with one request at a time
  std::size_t queue = 1024;         // requests waiting at most
  std::vector<std::size_t> inputs;  // for each of the executor's inputs, its position in a request
  std::vector<Bytes> output_sizes;  // for each of the executor's outputs, the memory that each thread keeps for it
};

// Threads that take requests from one queue, first come, first served, and run them on `executor`. They sleep when it is empty.
std::unique_ptr<System> plain_system(std::shared_ptr<Executor> executor, const PlainSystemOptions& options);

}  // namespace staronnx
