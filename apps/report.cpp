#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/verbs.h"

namespace staronnx::apps {

int report(const Error& error, bool json) {
  if (json) {
    const nlohmann::ordered_json body = {{"error", {{"code", to_string(error.code)}, {"message", error.message}}}};
    std::cout << body.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << "\n";
  } else {
    std::cerr << "staronnx: " << error.message << "\n";
  }
  return 1;
}

}  // namespace staronnx::apps
