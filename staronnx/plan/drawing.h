// Boxes drawn by Graphviz. Private to this room.
#pragma once

#include <string>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/plan/folding.h"
#include "staronnx/plan/plan.h"

namespace staronnx {

// The picture that svg_of() promises, of the boxes that folded() makes; thread and failure as there.
Result<std::string> drawing_of(const Plan& plan, const Variant& variant, const std::vector<Box>& boxes);

}  // namespace staronnx
