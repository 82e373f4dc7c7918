#include "staronnx/plan/picture.h"

#include "staronnx/plan/drawing.h"
#include "staronnx/plan/folding.h"

namespace staronnx {

Result<std::string> svg_of(const Plan& plan, const Variant& variant) {
  for (std::size_t node = 0; node < plan.nodes.size(); ++node) {
    for (const std::size_t read : plan.nodes[node].reads) {
      if (read < node && variant.node_segment[read] <= variant.node_segment[node]) continue;
      return Error{ErrorCode::invalid_argument,
                   "node '" + plan.nodes[node].label + "' of the plan reads a node that comes after it; make the plan anew"};
    }
  }
  return drawing_of(plan, variant, folded(plan, variant));
}

}  // namespace staronnx
