// Names of graph nodes for people.
#pragma once

#include <span>
#include <string>

#include "staronnx/base/ids.h"
#include "staronnx/model/model.h"

namespace staronnx {

// "Conv conv1", of the member that looks heaviest. `members` are nodes of the model, at least one.
std::string label_of(const Model& model, std::span<const NodeId> members);

}  // namespace staronnx
