// The options by which a user gives parts of a protocol to those alone who have a key; under Triton's names.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "staronnx/serve/restrictions.h"

namespace staronnx::apps {

// Adds `option`, "--http-restricted-api", which may be given several times.
void add_restrictions(CLI::App& verb, const std::string& option, Restrictions& restrictions);

}  // namespace staronnx::apps
