// Which fields of a model's configuration StarONNX acts on. It refuses all others by name, with what to do instead; it ignores none.
#pragma once

#include <string_view>

#include "staronnx/base/result.h"
#include "staronnx/serve/config_text.h"

namespace staronnx {

struct FieldRule {
  std::string_view field;  // "instance_group.count"; the rule holds for all fields within it, unless they have rules of their own
  std::string_view accepted;  // values as in the text, "KIND_AUTO|KIND_CPU"; "*": all; "": none
  std::string_view remedy;    // for the others, to stand behind "is not supported: "
};

// The rule for a field, or for the nearest one around it; null where there is none, which holds for messages with rules for all their fields.
const FieldRule* rule_for(std::string_view field);

// Fails for the first field (in the order of the .proto file) with a value that is not accepted (unsupported), and for values of enums
// and text that nothing can be made of (invalid_argument).
Status check_supported(const ConfigText& text);

}  // namespace staronnx
