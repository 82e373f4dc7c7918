// What passes between the segments of a variant. Private to this room.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "staronnx/base/units.h"
#include "staronnx/plan/plan.h"

namespace staronnx {

struct Crossing {
  std::size_t from = 0, to = 0;
  std::vector<std::string> tensors;
  Bytes bytes;  // of all of them
};

// One for each pair of segments between which something passes, by receiver.
std::vector<Crossing> crossings(const Plan& plan, const Variant& variant);

}  // namespace staronnx
