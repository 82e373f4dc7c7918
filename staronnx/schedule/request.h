// A request on its way through a pipeline.
#pragma once

#include <vector>

#include "staronnx/model/tensor.h"
#include "staronnx/schedule/pipeline.h"

namespace staronnx {

struct Request {
  RequestId id{};
  std::vector<Tensor> inputs;  // one per input of the model
  Pipeline::Done done;
  Deadline deadline = Deadline::never();
  Clock::time_point urgency{};  // those with an earlier one go first; see RequestOptions
};

}  // namespace staronnx
