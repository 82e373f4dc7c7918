// The order in which the nodes of a graph can run.
#pragma once

#include <string>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/model/model.h"

namespace staronnx {

// Positions of `nodes`, producers before consumers, otherwise in the order given. `given` are the names that need no producer.
// Fails, naming nodes, on a name produced twice or by nobody, and on a cycle.
Result<std::vector<std::size_t>> node_order(const std::vector<ModelNode>& nodes, const std::vector<std::string>& given);

// The node for people: "node 'conv1' (Conv)".
std::string described(const ModelNode& node);

}  // namespace staronnx
