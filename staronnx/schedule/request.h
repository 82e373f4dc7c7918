// A request on its way through a pipeline.
#pragma once

#include <vector>

#include "staronnx/model/tensor.h"
#include "staronnx/schedule/pipeline.h"

namespace staronnx {

struct Request {
  std::vector<Tensor> inputs;  // one per input of the model
  Pipeline::Done done;
  Deadline deadline = Deadline::never();
};

}  // namespace staronnx
