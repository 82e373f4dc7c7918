#include "apps/runtime_choice.h"

#include <algorithm>
#include <iostream>
#include <sstream>
#include <utility>

#include "staronnx/profile/cost_profile.h"

namespace staronnx::apps {

void RuntimeChoice::add_to(CLI::App& verb) {
  verb.add_option(
      "--core-groups", core_groups,
      "elastic: cores work together while few requests come, and alone under load; or fixed groups: widths such as 1,1 or 2, "
      "or auto, one for each core (default: elastic; with StarPU's schedulers auto)");
  verb.add_option("--scheduler", scheduler, "staronnx, or one of StarPU's scheduling policies")->capture_default_str();
  verb.add_option("--gpus", gpus, "GPUs that take part: all, none, or CUDA's numbers such as 0,2 (builds with CUDA only)")
      ->capture_default_str();
  verb.add_flag(
      "--tensorrt", tensorrt,
      "On GPUs try each segment with TensorRT, too, where it is installed, and take what is faster (first takes minutes)");
  CLI::Option* wanted = verb.add_option("--nodes", nodes, "Wait for so many nodes (staronnx node), whose cores then take part");
  verb.add_option("--listen", listen, "IPv4 address and port where nodes join; port 0: any free one")
      ->capture_default_str()
      ->needs(wanted);
}

std::string RuntimeChoice::groups() const {
  if (!core_groups.empty()) return core_groups;
  return scheduler == RuntimeOptions().scheduler ? "elastic" : "auto";
}

Result<Machine> RuntimeChoice::machine(Machine detected) const {
  if (gpus == "all") return detected;
  const std::vector<Gpu> there = std::exchange(detected.gpus, {});
  if (gpus == "none") return detected;
  std::istringstream numbers(gpus);
  for (std::string number; std::getline(numbers, number, ',');) {
    const auto gpu = std::ranges::find_if(there, [&](const Gpu& each) { return std::to_string(each.ordinal) == number; });
    if (gpu == there.end())
      return Error{ErrorCode::invalid_argument, "--gpus " + gpus + ": there is no GPU '" + number + "' here (" +
                                                    std::to_string(there.size()) + " are known; see staronnx machine)"};
    detected.gpus.push_back(*gpu);
  }
  return detected;
}

EngineOptions RuntimeChoice::engine() const {
  EngineOptions options;
  if (tensorrt) options.tensorrt = default_cache_directory() / "tensorrt";
  return options;
}

Result<RuntimeOptions> RuntimeChoice::options(const Machine& machine) const {
  Result<RuntimeOptions> options = runtime_options(machine, groups(), scheduler, default_cache_directory());
  if (!options) return options;
  options->nodes.count = nodes;
  options->nodes.listen = listen;
  options->nodes.progress = [](std::string_view news) { std::cerr << news << std::endl; };
  return options;
}

}  // namespace staronnx::apps
