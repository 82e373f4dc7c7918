#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>

#include "apps/bench_options.h"
#include "apps/plan_options.h"
#include "apps/verbs.h"
#include "staronnx/base/write_file.h"
#include "staronnx/bench/report.h"
#include "staronnx/bench/systems.h"
#include "staronnx/machine/other_load.h"

namespace staronnx::apps {
namespace {

// Requests at once for the saturated rate of a server, whose cores are not known here.
constexpr int kInFlightAtServers = 32;

Setting setting_of(const Machine& machine, const std::string& model, const BenchOptions& options) {
  return {.machine = machine.id(),
          .model = model,
          .command = options.command(),
          .core_groups = options.runtime.groups(),
          .scheduler = options.runtime.scheduler,
          .versions = {{"staronnx", STARONNX_VERSION}, {"onnxruntime", onnxruntime_version()}}};
}

Progress progress_with_time_left() {
  return [say = progress_on_stderr()](const std::string& what, double done, Seconds left) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), " (%.0f s left)", left.count());
    say(what + text.data(), done);
  };
}

// Every request of the points, in a file, as it is measured.
class RequestsFile {
 public:
  explicit RequestsFile(std::string path) : path_(std::move(path)) {
    if (!path_.empty()) file_.open(path_);
  }

  Record record() {
    if (path_.empty()) return {};
    return [this](const std::string& system, const Point& point, const Limits& limits, std::span<const Sample> samples) {
      file_ << to_json_lines(system, point, limits, samples);
    };
  }

  Status written() {
    if (path_.empty() || file_.flush()) return {};
    return Error{ErrorCode::invalid_argument, "--requests-out " + path_ + ": the file cannot be written"};
  }

 private:
  const std::string path_;
  std::ofstream file_;
};

Result<Comparison> measure(const std::vector<std::unique_ptr<System>>& systems, const ComparisonOptions& comparison,
                           const BenchOptions& options) {
  RequestsFile requests(options.requests_out);
  if (const Status opened = requests.written(); !opened) return opened.error();
  SteadyLoadClock clock;
  Result<Comparison> result = compare(systems, comparison, clock, progress_with_time_left(), requests.record());
  if (const Status written = requests.written(); result && !written) return written.error();
  return result;
}

ShapesByName shapes_of(const Plan& plan) {
  ShapesByName shapes;
  for (std::size_t i = 0; i < plan.signature.inputs.size(); ++i) shapes[plan.signature.inputs[i].name] = plan.shapes[i];
  return shapes;
}

Result<Comparison> compare_variants(const Machine& machine, const Plan& plan, const BenchOptions& options) {
  Result<ComparisonOptions> comparison = options.comparison();
  if (!comparison) return comparison.error();
  const Result<Requests> requests = requests_for(plan.signature, shapes_of(plan), options);
  if (!requests) return requests.error();
  Result<RuntimeOptions> where = options.runtime.options(machine);
  if (!where) return where.error();
  Result<std::unique_ptr<Engine>> engine = Engine::create(options.runtime.engine());
  if (!engine) return engine.error();
  Result<std::unique_ptr<Runtime>> runtime = Runtime::start(*where);
  if (!runtime) return runtime.error();
  Result<std::vector<std::unique_ptr<System>>> systems =
      open_systems(**runtime, **engine, plan, options.targets.front(), machine, *requests);
  if (!systems) return systems.error();
  for (const auto& system : *systems) {
    for (const std::string& note : system->notes()) std::cerr << system->name() << ", " << note << "\n";
  }
  for (const Place& place : (*runtime)->places())
    comparison->in_flight += place.workers.size() == 1 ? 4 * std::max(1, place.width()) : 0;
  const std::optional<ProcessorTime> begin = processor_time();
  Result<Comparison> result = measure(*systems, *comparison, options);
  const std::optional<ProcessorTime> end = processor_time();
  if (result && begin && end) result->others_share = others_share(*begin, *end);
  return result;
}

// What the model takes is asked of the first server.
Result<Comparison> compare_servers(const BenchOptions& options) {
  Result<ComparisonOptions> comparison = options.comparison();
  if (!comparison) return comparison.error();
  const Result<ShapesByName> given = shapes_by_name(options.shapes);
  if (!given) return given.error();
  const Result<Signature> signature = remote_signature(options.targets.front(), options.model);
  if (!signature) return signature.error();
  const Result<Requests> requests = requests_for(*signature, *given, options);
  if (!requests) return requests.error();
  std::vector<std::unique_ptr<System>> systems;
  for (const std::string& url : options.targets) {
    Result<std::unique_ptr<System>> system = remote_system(url, options.model, *signature, *requests, options.remote());
    if (!system) return system.error();
    systems.push_back(*std::move(system));
  }
  comparison->in_flight = kInFlightAtServers;
  return measure(systems, *comparison, options);
}

Status write_files(const Setting& setting, const Comparison& comparison, const BenchOptions& options) {
  if (!options.output.empty()) {
    if (Status written = write_file(options.output, to_json(setting, comparison)); !written) return written;
  }
  return options.csv.empty() ? Status() : write_file(options.csv, to_csv(comparison));
}

int run_verb(const BenchOptions& options) {
  const bool url = options.targets.front().starts_with("http://") || options.targets.front().starts_with("grpc://");
  if (!options.servers() && (options.targets.size() > 1 || url))
    return report({ErrorCode::invalid_argument, "servers are asked for a model: add --model NAME"}, options.json);
  Result<Machine> machine = options.here.machine();
  if (machine) machine = options.runtime.machine(*std::move(machine));
  if (!machine) return report(machine.error(), options.json);
  const Result<Plan> plan = options.servers() ? Plan() : load_plan(options.targets.front());
  if (!plan) return report(plan.error(), options.json);
  Result<Comparison> comparison = options.servers() ? compare_servers(options) : compare_variants(*machine, *plan, options);
  if (!comparison) return report(comparison.error(), options.json);
  const Setting setting = setting_of(*machine, options.servers() ? options.model : plan->model, options);
  if (const Status written = write_files(setting, *comparison, options); !written) return report(written.error(), options.json);
  std::cout << (options.json ? to_json(setting, *comparison) : to_text(setting, *comparison));
  return 0;
}

}  // namespace

void add_bench(CLI::App& app, int& exit_status) {
  auto options = std::make_shared<BenchOptions>();
  CLI::App* verb = app.add_subcommand(
      "bench", "Put a plan's variants and plain ONNX Runtime, or servers, under the same load, and compare them");
  options->add_to(*verb);
  verb->callback([options, &exit_status] { exit_status = run_verb(*options); });
}

}  // namespace staronnx::apps
