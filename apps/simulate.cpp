#include <memory>

#include "apps/simulator_process.h"
#include "apps/verbs.h"

namespace staronnx::apps {
namespace {

int run_verb(const SimulateChoice& choice) {
  const Result<Machine> machine = choice.chosen_machine();
  if (!machine) return report(machine.error(), choice.json);
  if (const Status fine = choice.check(*machine); !fine) return report(fine.error(), choice.json);
  return report(become_simulator(choice, *machine), choice.json);
}

}  // namespace

void add_simulate(CLI::App& app, int& exit_status) {
  auto choice = std::make_shared<SimulateChoice>();
  CLI::App* verb = app.add_subcommand("simulate", "Put a plan under load on another machine, in virtual time");
  choice->add_to(*verb);
  verb->callback([choice, &exit_status] { exit_status = run_verb(*choice); });
}

}  // namespace staronnx::apps
