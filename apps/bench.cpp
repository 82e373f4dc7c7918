#include <algorithm>
#include <array>
#include <cstdio>
#include <iostream>
#include <memory>
#include <optional>

#include "apps/machine_choice.h"
#include "apps/plan_options.h"
#include "apps/runtime_choice.h"
#include "apps/verbs.h"
#include "staronnx/base/write_file.h"
#include "staronnx/bench/comparison.h"
#include "staronnx/bench/http_system.h"
#include "staronnx/bench/rates.h"
#include "staronnx/bench/report.h"
#include "staronnx/bench/systems.h"
#include "staronnx/machine/other_load.h"
#include "staronnx/profile/cost_profile.h"

namespace staronnx::apps {
namespace {

// Requests at once for the saturated rate of a server, whose cores are not known here.
constexpr int kInFlightAtServers = 32;

struct Options {
  std::vector<std::string> targets;  // the directory of a plan, or URLs
  std::string model;                 // at the URLs
  std::vector<std::string> shapes;   // of its inputs
  std::string rates = "auto";
  std::optional<double> slo_ms;
  std::optional<double> duration_s;
  double budget_s = ComparisonOptions().budget.count();
  unsigned seed = 1;
  MachineChoice here;
  RuntimeChoice runtime;
  std::string output;
  bool json = false;
};

// Defaults are spelled out: the command means the same when they change.
std::string command_of(const Options& options) {
  std::array<char, 64> text{};
  std::string command = "staronnx bench";
  for (const std::string& target : options.targets) command += " " + target;
  command += " --seed " + std::to_string(options.seed) + " --rates " + options.rates;
  if (!options.model.empty()) command += " --model " + options.model;
  for (const std::string& shape : options.shapes) command += " --shape " + shape;
  if (options.model.empty())
    command += " --core-groups " + options.runtime.groups() + " --scheduler " + options.runtime.scheduler;
  if (options.runtime.gpus != "all") command += " --gpus " + options.runtime.gpus;
  if (options.runtime.tensorrt) command += " --tensorrt";
  if (options.runtime.nodes > 0)
    command += " --nodes " + std::to_string(options.runtime.nodes) + " --listen " + options.runtime.listen;
  const auto add = [&](const char* option, double value) {
    std::snprintf(text.data(), text.size(), " %s %.6g", option, value);
    command += text.data();
  };
  if (options.slo_ms) add("--slo", *options.slo_ms);
  if (!options.here.reserved_cores.empty()) command += " --reserve-cores " + options.here.reserved_cores;
  options.duration_s ? add("--duration", *options.duration_s) : add("--budget", options.budget_s);
  return command;
}

Setting setting_of(const Machine& machine, const std::string& model, const Options& options) {
  return {.machine = machine.id(),
          .model = model,
          .command = command_of(options),
          .core_groups = options.runtime.groups(),
          .scheduler = options.runtime.scheduler,
          .versions = {{"staronnx", STARONNX_VERSION}, {"onnxruntime", onnxruntime_version()}}};
}

Result<ComparisonOptions> comparison_options(const Options& options) {
  ComparisonOptions comparison;
  comparison.seed = options.seed;
  if (options.slo_ms) comparison.slo = Milliseconds(*options.slo_ms);
  if (options.duration_s) comparison.duration = Seconds(*options.duration_s);
  comparison.budget = Seconds(options.budget_s);
  Result<std::vector<double>> rates = parse_rates(options.rates);
  if (!rates) return rates.error();
  comparison.rates_per_s = *std::move(rates);
  return comparison;
}

Progress progress_with_time_left() {
  return [say = progress_on_stderr()](const std::string& what, double done, Seconds left) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), " (%.0f s left)", left.count());
    say(what + text.data(), done);
  };
}

Result<Comparison> compare_variants(const Machine& machine, const Plan& plan, const Options& options) {
  Result<ComparisonOptions> comparison = comparison_options(options);
  if (!comparison) return comparison.error();
  Result<RuntimeOptions> where = options.runtime.options(machine);
  if (!where) return where.error();
  Result<std::unique_ptr<Engine>> engine = Engine::create(options.runtime.engine());
  if (!engine) return engine.error();
  Result<std::unique_ptr<Runtime>> runtime = Runtime::start(*where);
  if (!runtime) return runtime.error();
  Result<std::vector<std::unique_ptr<System>>> systems =
      open_systems(**runtime, **engine, plan, options.targets.front(), machine);
  if (!systems) return systems.error();
  for (const auto& system : *systems) {
    for (const std::string& note : system->notes()) std::cerr << system->name() << ", " << note << "\n";
  }
  for (const Place& place : (*runtime)->places())
    comparison->in_flight += place.workers.size() == 1 ? 4 * std::max(1, place.width()) : 0;
  const std::vector<Tensor> inputs = random_inputs(plan.signature, plan.shapes, options.seed);
  SteadyLoadClock clock;
  const std::optional<ProcessorTime> begin = processor_time();
  Result<Comparison> result = compare(*systems, inputs, *comparison, clock, progress_with_time_left());
  const std::optional<ProcessorTime> end = processor_time();
  if (result && begin && end) result->others_share = others_share(*begin, *end);
  return result;
}

// What the model takes is asked of the first server.
Result<Comparison> compare_servers(const Options& options) {
  Result<ComparisonOptions> comparison = comparison_options(options);
  if (!comparison) return comparison.error();
  const Result<ShapesByName> given = shapes_by_name(options.shapes);
  if (!given) return given.error();
  const Result<Signature> signature = remote_signature(options.targets.front(), options.model);
  if (!signature) return signature.error();
  const Result<std::vector<Shape>> shapes = concrete_shapes(*signature, *given);
  if (!shapes) return shapes.error();
  std::vector<std::unique_ptr<System>> systems;
  for (const std::string& url : options.targets) {
    Result<std::unique_ptr<System>> system = http_system(url, options.model, *signature);
    if (!system) return system.error();
    systems.push_back(*std::move(system));
  }
  comparison->in_flight = kInFlightAtServers;
  SteadyLoadClock clock;
  return compare(systems, random_inputs(*signature, *shapes, options.seed), *comparison, clock, progress_with_time_left());
}

int run_verb(const Options& options) {
  const bool servers = !options.model.empty();
  if (!servers && (options.targets.size() > 1 || options.targets.front().starts_with("http://")))
    return report({ErrorCode::invalid_argument, "servers are asked for a model: add --model NAME"}, options.json);
  Result<Machine> machine = options.here.machine();
  if (machine) machine = options.runtime.machine(*std::move(machine));
  if (!machine) return report(machine.error(), options.json);
  const Result<Plan> plan = servers ? Plan() : load_plan(options.targets.front());
  if (!plan) return report(plan.error(), options.json);
  Result<Comparison> comparison = servers ? compare_servers(options) : compare_variants(*machine, *plan, options);
  if (!comparison) return report(comparison.error(), options.json);
  const Setting setting = setting_of(*machine, servers ? options.model : plan->model, options);
  if (!options.output.empty()) {
    if (Status written = write_file(options.output, to_json(setting, *comparison)); !written)
      return report(written.error(), options.json);
  }
  std::cout << (options.json ? to_json(setting, *comparison) : to_text(setting, *comparison));
  return 0;
}

}  // namespace

void add_bench(CLI::App& app, int& exit_status) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand(
      "bench", "Compare a plan's variants with plain ONNX Runtime, or servers with one another, under the same load");
  verb->add_option("PLAN|URL", options->targets, "The directory of a plan, or servers, http://HOST:PORT")->required();
  verb->add_option("--model", options->model, "The model to ask the servers for (any that speaks the KServe v2 protocol)");
  verb->add_option("--shape", options->shapes, "INPUT:1x3x224x224, for each of that model's dynamic inputs");
  verb->add_option("--rates", options->rates, "Rates of the curves in requests/s, FIRST:LAST:STEP, or auto")
      ->capture_default_str();
  verb->add_option("--slo", options->slo_ms, "Limit of p99 in milliseconds (default: 5 times the smallest lone p50)")
      ->check(CLI::PositiveNumber);
  CLI::Option* duration =
      verb->add_option("--duration", options->duration_s, "Seconds of each measurement (default: from --budget)");
  duration->check(CLI::PositiveNumber);
  verb->add_option("--budget", options->budget_s, "Seconds for the whole comparison")
      ->check(CLI::PositiveNumber)
      ->capture_default_str()
      ->excludes(duration);
  verb->add_option("--seed", options->seed, "Seed of the arrivals and the inputs")->capture_default_str();
  options->here.add_to(*verb);
  options->runtime.add_to(*verb);
  verb->add_option("-o,--output", options->output, "Write the result as JSON to this file, too");
  verb->add_flag("--json", options->json, "Print the result as JSON");
  verb->callback([options, &exit_status] { exit_status = run_verb(*options); });
}

}  // namespace staronnx::apps
