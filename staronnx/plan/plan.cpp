#include "staronnx/plan/plan.h"

#include <algorithm>

namespace staronnx {

const Variant* Plan::find(const std::string& variant) const {
  const auto found = std::find_if(variants.begin(), variants.end(), [&](const Variant& each) { return each.name == variant; });
  return found == variants.end() ? nullptr : &*found;
}

}  // namespace staronnx
