#include "apps/machine_choice.h"

namespace staronnx::apps {

CLI::Option* MachineChoice::add_to(CLI::App& verb) {
  return verb.add_option("--reserve-cores", reserved_cores,
                         "Cores of this machine to leave to others (GPU drivers, the network), such as 0,8-9 (default: none)");
}

Result<Machine> MachineChoice::machine() const {
  if (!reserved_cores.empty()) {
    if (Status reserved = reserve_cores(reserved_cores); !reserved) return reserved.error();
  }
  return detect_machine();
}

}  // namespace staronnx::apps
