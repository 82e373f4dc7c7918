// A request on its way through a pipeline.
#pragma once

#include <optional>
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
  unsigned priority = 0;
  bool late_goes_last = false;
  Clock::time_point arrival = {};
  unsigned rows = 1;
  std::optional<RequestId> starts_with = {};  // the last of its batch: before that is ready nothing is decided of it
};

}  // namespace staronnx
