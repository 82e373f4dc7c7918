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
  int threads = 1;                  // that call each executor, each with one request at a time
  std::size_t queue = 1024;         // requests waiting at most
  std::vector<std::size_t> inputs;  // for each of the executor's inputs, its position in a request
  std::vector<Bytes> output_sizes;  // for each of the executor's outputs, the memory that each thread keeps for it
};

// Threads that take requests from one queue, first come, first served, and run them on their executor. They sleep when it is empty.
// `executors`: at least one, all of the same model.
std::unique_ptr<System> plain_system(const std::vector<std::shared_ptr<Executor>>& executors, const PlainSystemOptions& options,
                                     Requests requests);

}  // namespace staronnx
