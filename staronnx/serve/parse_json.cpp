#include "staronnx/serve/parse_json.h"

#include <algorithm>
#include <string>

namespace staronnx {
namespace {

// Of text that may not be JSON.
int depth_of(std::string_view text) {
  int depth = 0, deepest = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char character = text[i];
    if (quoted) {
      if (character == '\\') ++i;
      if (character == '"') quoted = false;
    } else if (character == '"') {
      quoted = true;
    } else if (character == '[' || character == '{') {
      deepest = std::max(deepest, ++depth);
    } else if (character == ']' || character == '}') {
      --depth;
    }
  }
  return deepest;
}

}  // namespace

Result<nlohmann::json> parse_json(std::string_view text) {
  if (depth_of(text) > kJsonDepth)
    return Error{ErrorCode::invalid_argument, "the JSON is nested deeper than " + std::to_string(kJsonDepth) + " levels"};
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::exception& exception) {
    return Error{ErrorCode::invalid_argument, std::string("the JSON cannot be read: ") + exception.what()};
  }
}

}  // namespace staronnx
