// StarONNX itself: one variant of a plan.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "staronnx/bench/system.h"
#include "staronnx/schedule/pipeline.h"

namespace staronnx {

// `worked`: what System::worked() is to say.
std::unique_ptr<System> pipeline_system(std::string name, std::unique_ptr<Pipeline> pipeline, Requests requests,
                                        std::function<std::vector<Worked>()> worked = {});

}  // namespace staronnx
