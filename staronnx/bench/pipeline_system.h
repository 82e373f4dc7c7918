// StarONNX itself: one variant of a plan.
#pragma once

#include <memory>
#include <string>

#include "staronnx/bench/system.h"
#include "staronnx/schedule/pipeline.h"

namespace staronnx {

std::unique_ptr<System> pipeline_system(std::string name, std::unique_ptr<Pipeline> pipeline, Requests requests);

}  // namespace staronnx
