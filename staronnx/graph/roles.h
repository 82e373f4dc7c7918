// What nodes are for, as far as it decides what they are joined with.
#pragma once

#include <vector>

#include "staronnx/model/model.h"

namespace staronnx {

struct NodeRole {
  // Computes a few sizes: Shape and Size, the arithmetic on what they give, and the arithmetic whose results are only used as
  // sizes.
  bool sizes = false;
  // Reads no data: constants, shapes of model inputs, and what such nodes give.
  bool dataless = false;
  // Is computed with the node before it by ONNX Runtime: QuantizeLinear, an activation that is the only reader.
  bool ends_operator = false;
  // Is computed with the node after it: DequantizeLinear.
  bool begins_operator = false;
};

// By node of the model.
std::vector<NodeRole> roles_of(const Model& model);

}  // namespace staronnx
