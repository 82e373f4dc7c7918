// Numbers for people, with three digits. Private to this room.
#pragma once

#include <cstddef>
#include <string>

#include "staronnx/base/units.h"

namespace staronnx {

std::string number(double value);                                  // "0.0123", "3.14", "1234"
std::string words(Microseconds time);                              // "3.14 ms"
std::string words(Bytes bytes);                                    // "81.2 KiB"
std::string percent(double share);                                 // "33.3 %"
std::string counted(std::size_t count, const std::string& thing);  // "1 node", "2 nodes"

}  // namespace staronnx
