// A configuration's inputs and outputs beside the model's.
#pragma once

#include "staronnx/base/result.h"
#include "staronnx/model/signature.h"
#include "staronnx/serve/proto/model_config.pb.h"

namespace staronnx {

// See ModelConfig::completed(). Of a tensor whose shape even the model does not know, dims are -1.
Status complete_tensors(const Signature& model, inference::ModelConfig& config);

}  // namespace staronnx
