// Mends what ONNX Runtime 1.24 writes.
#pragma once

#include <filesystem>

#include "staronnx/base/result.h"

namespace staronnx {

// Where a graph of `model_file` (a body of If, Loop or Scan) has several constants of one name, which no reader accepts, only the last one
// stays. ONNX Runtime 1.24.1 writes large constants of bodies twice when it is told to keep them in a file of their own: first with their
// data, then with their place in that file; 1.32.0 does not. Rewrites the file only when there is something to mend.
Status drop_repeated_constants(const std::filesystem::path& model_file);

}  // namespace staronnx
