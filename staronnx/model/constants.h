// Constant nodes as initializers.
#pragma once

#include "onnx/onnx-ml.pb.h"

namespace staronnx {

// Turns each Constant node of the top-level graph into an initializer of the same name, as ONNX Runtime does when it loads a
// model.
void constants_to_initializers(onnx::GraphProto& graph);

}  // namespace staronnx
