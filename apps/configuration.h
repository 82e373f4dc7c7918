// Where a verb's options come from when the command line does not say: the environment, or else a file.
#pragma once

#include <CLI/CLI.hpp>

namespace staronnx::apps {

// Adds --config FILE to `verb`, to be called before any other option is added. When the verb was chosen, an option that the command line
// leaves out, such as --http-port, is what the variable STARONNX_HTTP_PORT says, if it is not empty; or else the key http-port of the file.
// The file is TOML without sections. What it cannot take ends the parsing with a CLI::ConfigError that names the file and the key.
void add_configuration(CLI::App& verb);

}  // namespace staronnx::apps
