// The simulator, a program of its own that `staronnx simulate` becomes and `staronnx advise` starts: StarPU-SimGrid calls starpu_main as the main actor, when it has read
// the machine's platform. Its arguments are the folder of the platform, which goes at the end, and those of the verb.
#include <exception>
#include <filesystem>
#include <iostream>

#include "apps/simulate_choice.h"
#include "apps/verbs.h"
#include "staronnx/base/write_file.h"
#include "staronnx/bench/report.h"
#include "staronnx/machine/machine_file.h"
#include "staronnx/simulate/simulation.h"

namespace staronnx::apps {
namespace {

Setting setting_of(const SimulateChoice& options, const Machine& machine, const CarriedPlan& carried) {
  std::string command = "staronnx simulate";
  for (const std::string& argument : options.arguments()) command += " " + argument;
  return {.machine = machine.id() + " (simulated)",
          .model = carried.plan.model,
          .command = command,
          .core_groups = options.runtime.groups(),
          .scheduler = options.runtime.scheduler,
          .versions = {{"staronnx", STARONNX_VERSION}},
          .estimates = carried.estimates};
}

std::vector<std::string> variants_of(const SimulateChoice& options, const Plan& plan) {
  if (!options.variants.empty()) return options.variants;
  if (options.rate) return {""};
  std::vector<std::string> variants;
  for (const Variant& variant : plan.variants) variants.push_back(variant.name);
  if (variants.size() > 1 && options.runtime.scheduler == RuntimeOptions().scheduler) variants.emplace_back();
  return variants;
}

// What is not known of a plan is not done.
void forget_batches(Plan& plan) {
  for (Variant& variant : plan.variants) {
    for (Segment& segment : variant.segments) segment.batched.clear();
  }
}

Status write_files(const SimulateChoice& options, const Setting& setting, const Comparison& result) {
  if (!options.output.empty()) {
    if (Status written = write_file(options.output, to_json(setting, result)); !written) return written;
  }
  return options.csv.empty() ? Status() : write_file(options.csv, to_csv(result));
}

int simulate_plan(const SimulateChoice& options, const std::filesystem::path& folder) {
  const Result<Machine> machine = load_machine(folder / "machine.json");
  if (!machine) return report(machine.error(), options.json);
  Result<Plan> plan = load_plan(options.plan);
  if (!plan) return report(plan.error(), options.json);
  const Result<ComparisonOptions> comparison = options.comparison();
  if (!comparison) return report(comparison.error(), options.json);
  Result<RuntimeOptions> runtime = runtime_options(*machine, options.runtime.groups(), options.runtime.scheduler, folder);
  if (!runtime) return report(runtime.error(), options.json);
  runtime->overlap = options.overlap == "on";
  if (options.batching == "none") forget_batches(*plan);
  const std::vector<std::string> variants = variants_of(options, *plan);
  const CarriedPlan carried = carried_to(*machine, *std::move(plan));
  const Result<Comparison> result = simulate(carried, options.plan, *machine, {*runtime, variants, options.requests}, *comparison,
                                             [](const std::string&, double, Seconds) {});
  if (!result) return report(result.error(), options.json);
  const Setting setting = setting_of(options, *machine, carried);
  if (const Status written = write_files(options, setting, *result); !written) return report(written.error(), options.json);
  std::cout << (options.json ? to_json(setting, *result) : to_text(setting, *result));
  return 0;
}

int run_simulator(int argc, char** argv) {
  CLI::App app{"StarONNX's simulator; start it by staronnx simulate"};
  SimulateChoice options;
  std::string folder;
  app.add_option("FOLDER", folder)->required();
  options.add_to(app);
  app.add_option("--rate", options.rate);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const int exit_status = simulate_plan(options, folder);
  std::error_code ignored;  // what is left over lies among other temporary files
  std::filesystem::remove_all(folder, ignored);
  return exit_status;
}

}  // namespace
}  // namespace staronnx::apps

extern "C" int starpu_main(int argc, char** argv) {
  try {
    return staronnx::apps::run_simulator(argc, argv);
  } catch (const std::exception& error) {
    return staronnx::apps::report({staronnx::ErrorCode::internal, error.what()}, false);
  }
}
