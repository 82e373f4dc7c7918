// JSON from strangers; private to this room.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "staronnx/base/result.h"

namespace staronnx {

constexpr int kJsonDepth = 100;  // of lists and objects in each other

// Refuses (invalid_argument) what is no JSON, and what is deeper than kJsonDepth.
Result<nlohmann::json> parse_json(std::string_view text);

}  // namespace staronnx
