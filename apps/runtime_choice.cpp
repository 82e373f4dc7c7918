#include "apps/runtime_choice.h"

#include "staronnx/profile/cost_profile.h"

namespace staronnx::apps {

void RuntimeChoice::add_to(CLI::App& verb) {
  verb.add_option(
      "--core-groups", core_groups,
      "elastic: cores work together while few requests come, and alone under load; or fixed groups: widths such as 1,1 or 2, "
      "or auto, one for each core (default: elastic; with StarPU's schedulers auto)");
  verb.add_option("--scheduler", scheduler, "staronnx, or one of StarPU's scheduling policies")->capture_default_str();
}

std::string RuntimeChoice::groups() const {
  if (!core_groups.empty()) return core_groups;
  return scheduler == RuntimeOptions().scheduler ? "elastic" : "auto";
}

Result<RuntimeOptions> RuntimeChoice::options(const Machine& machine) const {
  return runtime_options(machine, groups(), scheduler, default_cache_directory());
}

}  // namespace staronnx::apps
