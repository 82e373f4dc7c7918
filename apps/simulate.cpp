#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <system_error>

#include "apps/simulate_choice.h"
#include "apps/verbs.h"
#include "staronnx/base/temporary_directory.h"
#include "staronnx/base/write_file.h"
#include "staronnx/machine/machine_file.h"
#include "staronnx/machine/processor_class.h"
#include "staronnx/plan/plan.h"
#include "staronnx/simulate/platform.h"

namespace staronnx::apps {
namespace {

// What would be wrong is said here, before anything is simulated.
Status check(const SimulateChoice& options, const Machine& machine) {
  if (const Result<Plan> plan = load_plan(options.plan); !plan) return plan.error();
  if (const Result<ComparisonOptions> comparison = options.comparison(); !comparison) return comparison.error();
  if (const auto classes = processor_classes(machine); !classes) return classes.error();
  return {};
}

// Does not return but for a failure.
Error become_simulator(const SimulateChoice& options, const std::filesystem::path& folder) {
  std::error_code failure;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", failure);
  const std::string simulator = self.parent_path() / STARONNX_SIMULATOR;
  std::vector<std::string> words{simulator, "--log=xbt_cfg.thresh:warning", folder};  // SimGrid takes out the second
  for (std::string& argument : options.arguments()) words.push_back(std::move(argument));
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  execv(simulator.c_str(), arguments.data());
  return Error{ErrorCode::unavailable, "the simulator " + simulator + " does not start: " +
                                           std::generic_category().message(errno) + "; build or install StarONNX anew"};
}

int run_verb(const SimulateChoice& options) {
  const Result<Machine> machine = options.chosen_machine();
  if (!machine) return report(machine.error(), options.json);
  if (Status fine = check(options, *machine); !fine) return report(fine.error(), options.json);
  const Result<TemporaryDirectory> folder = TemporaryDirectory::create();  // the simulator's, when it has started
  if (!folder) return report(folder.error(), options.json);
  if (Status offered = offer_platform(*machine, folder->path()); !offered)
    return report(
        with_context("machine " + (options.machine.empty() ? "here" : "file '" + options.machine + "'"), offered.error()),
        options.json);
  if (Status written = write_file(folder->path() / "machine.json", to_json(*machine)); !written)
    return report(written.error(), options.json);
  return report(become_simulator(options, folder->path()), options.json);
}

}  // namespace

void add_simulate(CLI::App& app, int& exit_status) {
  auto options = std::make_shared<SimulateChoice>();
  CLI::App* verb = app.add_subcommand("simulate", "Put a plan under load on another machine, in virtual time");
  options->add_to(*verb);
  verb->callback([options, &exit_status] { exit_status = run_verb(*options); });
}

}  // namespace staronnx::apps
