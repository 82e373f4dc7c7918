#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/machine_choice.h"
#include "apps/plan_options.h"
#include "apps/verbs.h"
#include "staronnx/machine/machine_file.h"
#include "staronnx/plan/compile.h"
#include "staronnx/plan/picture.h"

namespace staronnx::apps {
namespace {

struct Options {
  std::string model;
  std::string directory;
  bool json = false;
  std::string machine_file;
  std::string costs_file;
  bool fresh = false;
  double budget_s = 8;
  double slo_ms = 0;  // 0: none given
  MachineChoice here;
  PlanOptions plan;
};

// Another machine to plan for.
Status add_target(const Options& options, CompileRequest& request) {
  if (options.machine_file.empty()) return {};
  Result<Machine> target = load_machine(options.machine_file);
  if (!target) return target.error();
  request.target = *std::move(target);
  if (options.costs_file.empty()) return {};
  Result<CostProfile> costs = load_cost_profile(options.costs_file);
  if (!costs) return costs.error();
  request.costs = *std::move(costs);
  return {};
}

Result<Plan> plan(const Options& options) {
  Result<Machine> machine = options.here.machine();
  if (!machine) return machine.error();
  Result<CompileRequest> request = options.plan.request(*machine, options.model, options.directory);
  if (!request) return request.error();
  if (request->splits.empty() && options.plan.segments.empty()) {
    request->segments = {2, 3};
    request->leave_out_impossible = true;
  }
  if (Status target = add_target(options, *request); !target) return target.error();
  request->fresh = options.fresh;
  request->budget = Seconds(options.budget_s);
  if (options.slo_ms > 0) request->slo = Milliseconds(options.slo_ms);
  Result<std::unique_ptr<Engine>> engine = Engine::create();
  if (!engine) return engine.error();
  return compile(*machine, **engine, *request);
}

int run_verb(const Options& options) {
  Result<Plan> made = plan(options);
  if (!made) return report(made.error(), options.json);
  std::cout << (options.json ? to_json(*made) : describe(*made));
  return 0;
}

}  // namespace

void add_plan(CLI::App& app, int& exit_status) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("plan", "Cut a model into segments (2 and 3 unless said), measure them, write the plan");
  verb->add_option("MODEL", options->model, "An ONNX model")->required();
  verb->add_option("-o,--output", options->directory, "The directory to write the plan to")->required();
  options->plan.add_to(*verb);
  verb->add_option("--budget", options->budget_s, "Time for measuring cuts to choose from, such as 60s (default: 8s)")
      ->transform(CLI::AsNumberWithUnit(std::map<std::string, double>{{"s", 1}, {"m", 60}, {"ms", 0.001}},
                                        CLI::AsNumberWithUnit::CASE_INSENSITIVE, "TIME"))
      ->check(CLI::NonNegativeNumber);
  verb->add_option("--slo", options->slo_ms,
                   "Latency limit on the 99th percentile to predict for, such as 50ms (default: 5 times the lone latency)")
      ->transform(CLI::AsNumberWithUnit(std::map<std::string, double>{{"ms", 1}, {"s", 1000}},
                                        CLI::AsNumberWithUnit::CASE_INSENSITIVE, "TIME"))
      ->check(CLI::PositiveNumber);
  CLI::Option* machine = verb->add_option("--machine", options->machine_file,
                                          "Plan for the machine that this file describes; nothing is measured there");
  verb->add_option("--profile", options->costs_file, "Costs measured on that machine: costs.json of a plan made there")
      ->needs(machine);
  options->here.add_to(*verb);
  verb->add_flag("--fresh", options->fresh, "Measure again what is known from before");
  verb->add_flag("--json", options->json, "Print the plan as JSON");
  verb->callback([options, &exit_status] { exit_status = run_verb(*options); });
}

}  // namespace staronnx::apps
