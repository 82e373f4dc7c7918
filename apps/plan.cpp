#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/plan_options.h"
#include "apps/verbs.h"
#include "staronnx/plan/compile.h"
#include "staronnx/plan/picture.h"

namespace staronnx::apps {
namespace {

struct Options {
  std::string model;
  std::string directory;
  bool json = false;
  PlanOptions plan;
};

Result<Plan> plan(const Options& options) {
  Result<Machine> machine = detect_machine();
  if (!machine) return machine.error();
  Result<CompileRequest> request = options.plan.request(*machine, options.model, options.directory);
  if (!request) return request.error();
  if (request->splits.empty() && options.plan.segments.empty()) {
    request->splits = {Shares::even(2), Shares::even(3)};
    request->leave_out_impossible = true;
  }
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
  verb->add_flag("--json", options->json, "Print the plan as JSON");
  verb->callback([options, &exit_status] { exit_status = run_verb(*options); });
}

}  // namespace staronnx::apps
