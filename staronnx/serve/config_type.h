// Types of elements as a model's configuration writes them, which is neither as the rest of the protocol does nor as ONNX does.
#pragma once

#include "staronnx/model/tensor.h"
#include "staronnx/serve/proto/model_config.pb.h"

namespace staronnx {

// TYPE_FP32; TYPE_INVALID for types that the protocol has no word for.
inference::DataType config_type_of(DataType type);

// `undefined` for TYPE_INVALID.
DataType type_of_config(inference::DataType type);

}  // namespace staronnx
