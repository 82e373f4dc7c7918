// Which cores the calling thread runs on.
#pragma once

#include <span>

#include "staronnx/base/result.h"

namespace staronnx {

// From now on the calling thread, and threads it starts, run on these cores only (OS numbers). Fails when the process may not use them.
Status pin_this_thread(std::span<const int> cores);

}  // namespace staronnx
