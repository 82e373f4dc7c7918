// How tensors travel through a variant: each tensor has a number, and each segment reads and writes numbers. A pure value.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/base/units.h"
#include "staronnx/plan/plan.h"

namespace staronnx {

// The segment that writes a tensor, and which of its outputs the tensor is.
struct Producer {
  std::size_t segment = 0;
  std::size_t output = 0;
};

struct RouteTensor {
  std::string name;
  Bytes bytes;                       // as the plan says; a request may need more
  std::optional<Producer> producer;  // nothing: an input of the model
};

struct SegmentRoute {
  std::vector<std::size_t> reads;       // numbers of tensors, in the order of the segment's inputs
  std::vector<std::size_t> writes;      // the same of its outputs
  std::size_t predecessors = 0;         // segments whose outputs it reads
  std::vector<std::size_t> successors;  // segments that read its outputs, ascending
};

struct Route {
  std::vector<RouteTensor> tensors;    // first the model's inputs, in order
  std::vector<SegmentRoute> segments;  // in the order of execution
  std::vector<std::size_t> outputs;    // numbers of the model's outputs, in order
};

// Fails, naming the tensor, when a segment reads what no earlier segment writes, when two write the same, or when nobody writes an
// output of the model.
Result<Route> route_of(const Plan& plan, const Variant& variant);

}  // namespace staronnx
