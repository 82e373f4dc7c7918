#include <iostream>
#include <memory>

#include "apps/machine_choice.h"
#include "apps/verbs.h"
#include "staronnx/base/write_file.h"
#include "staronnx/machine/describe_machine.h"
#include "staronnx/machine/machine_file.h"
#include "staronnx/machine/measure_links.h"

namespace staronnx::apps {
namespace {

struct Options {
  std::string file;
  std::string output;
  MachineChoice here;
  bool json = false;
};

Result<Machine> this_machine(const MachineChoice& here) {
  Result<Machine> machine = here.machine();
  if (!machine) return machine;
  Result<std::vector<Link>> links = measure_links(*machine);
  if (!links) return links.error();
  machine->links = *std::move(links);
  return machine;
}

int run_verb(const Options& options) {
  Result<Machine> machine = options.file.empty() ? this_machine(options.here) : load_machine(options.file);
  if (!machine) return report(machine.error(), options.json);
  if (!options.output.empty()) {
    if (Status written = write_file(options.output, to_json(*machine)); !written) return report(written.error(), options.json);
  }
  std::cout << (options.json ? to_json(*machine) : describe(*machine));
  return 0;
}

}  // namespace

void add_machine(CLI::App& app, int& exit_status) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("machine", "Describe this machine, links measured, and write it as a file");
  CLI::Option* file = verb->add_option("FILE", options->file, "A machine file to check and describe, instead of this machine");
  verb->add_option("-o,--output", options->output, "Write the machine to this file (docs/machine-files.md)");
  options->here.add_to(*verb)->excludes(file);
  verb->add_flag("--json", options->json, "Print the machine as JSON");
  verb->callback([options, &exit_status] { exit_status = run_verb(*options); });
}

}  // namespace staronnx::apps
