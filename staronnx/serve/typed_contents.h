// Tensors that come as lists of numbers, each list for several types.
#pragma once

#include "staronnx/base/result.h"
#include "staronnx/model/tensor.h"
#include "staronnx/serve/proto/grpc_service.pb.h"

namespace staronnx {

// The elements, in one dimension. Fails (invalid_argument) when `contents` has other lists than that for `type`, when an element does not
// fit `type`, and for 16-bit floats, which have no list.
Result<Tensor> tensor_of(const inference::InferTensorContents& contents, DataType type);

}  // namespace staronnx
