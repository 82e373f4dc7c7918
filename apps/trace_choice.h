// The option by which a user says what is traced, and where traces go; under Triton's name.
#pragma once

#include <CLI/CLI.hpp>

#include "staronnx/serve/trace_options.h"

namespace staronnx::apps {

// Adds --trace-config, which may be given several times.
void add_trace(CLI::App& verb, TraceOptions& options);

}  // namespace staronnx::apps
