// Lists of cores as Linux writes them, "0-7,16-23" (taskset, /sys); private to this room.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "staronnx/base/result.h"

namespace staronnx {

// Of OS numbers, ascending.
std::string core_list(std::span<const int> cores);

// Ascending, at least one. Refuses other text, a number that comes twice, and numbers above 8191, the most that Linux can have.
Result<std::vector<int>> parse_core_list(std::string_view text);

}  // namespace staronnx
