// The options by which a user says what the server writes into its log, and where; under Triton's names.
#pragma once

#include <CLI/CLI.hpp>

#include "staronnx/serve/log.h"

namespace staronnx::apps {

// Adds --log-verbose, --log-info, --log-warning, --log-error, --log-format and --log-file.
void add_log(CLI::App& verb, LogOptions& options);

}  // namespace staronnx::apps
