// Tensor types as ONNX writes them and as StarONNX does.
#pragma once

#include <set>
#include <string>

#include "onnx/onnx-ml.pb.h"
#include "staronnx/model/content.h"
#include "staronnx/model/tensor.h"

namespace staronnx {

// False for sequences, maps, optionals and sparse tensors; true when the type is not said.
bool is_tensor_or_unsaid(const onnx::ValueInfoProto& value);

// Element type and shape as far as `value` says them (undefined, any_shape).
TensorInfo info_of(const onnx::ValueInfoProto& value);

onnx::ValueInfoProto value_info_of(const TensorInfo& info);

// Values of the top-level graph that are no plain tensors, by declaration or by what the operators do: of what the file does not
// say, results of model-local functions count as such, too. The graph is in
// topological order.
NameSet non_tensors_of(const onnx::ModelProto& model);

}  // namespace staronnx
