// The option by which a user keeps cores of this machine for others, shared by the verbs that use it.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "staronnx/machine/machine.h"

namespace staronnx::apps {

struct MachineChoice {
  std::string reserved_cores;  // OS numbers, "0,8-9"; empty: none

  // Adds --reserve-cores.
  CLI::Option* add_to(CLI::App& verb);

  // This machine without them; from now on no thread of the process runs there. To be called before anything else.
  Result<Machine> machine() const;
};

}  // namespace staronnx::apps
