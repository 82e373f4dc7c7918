// Makes the model that is cut: ONNX Runtime's own basic optimisation (constants folded, functions inlined), nothing tied to a machine.
#pragma once

#include <filesystem>

#include "staronnx/base/result.h"

namespace staronnx {

// Writes the optimised model as `directory/model_file`, its constants of 1 KiB and more as `directory/weights_file` (external data,
// referred to by name), so that all segments can share one copy on disk. A model without such constants gets no weights file. Fails with
// ONNX Runtime's reason when it cannot load the model. Models over 2 GB (with external data of their own) are fine.
// One thing in the result does follow from the processor: nodes in float16, which ONNX Runtime cannot compute on a CPU, are written as
// Cast to float32, the node, Cast back.
Status write_basic_model(const std::filesystem::path& model, const std::filesystem::path& directory,
                         const std::string& model_file, const std::string& weights_file);

}  // namespace staronnx
