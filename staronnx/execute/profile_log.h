// Reads what ONNX Runtime's profiler wrote. Private to this room.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "staronnx/base/result.h"
#include "staronnx/execute/node_timing.h"

namespace staronnx {

// By node name: the lower quartile of its times, without the first, and the outputs of the last run. Nodes that ran inside another
// one (the bodies of If, Loop and Scan) are left out.
Result<std::map<std::string, NodeTiming>> parse_profile_log(const std::string& json);

}  // namespace staronnx
