#include <algorithm>
#include <cmath>
#include <future>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <set>

#include "apps/machine_choice.h"
#include "apps/plan_options.h"
#include "apps/run_request.h"
#include "apps/runtime_choice.h"
#include "apps/verbs.h"
#include "staronnx/base/temporary_directory.h"
#include "staronnx/model/difference.h"
#include "staronnx/plan/compile.h"
#include "staronnx/profile/cost_profile.h"
#include "staronnx/schedule/pipeline.h"

namespace staronnx::apps {
namespace {

struct Options {
  std::string target;
  std::vector<std::string> outputs;
  bool random = false;
  unsigned seed = 1;
  bool verify = false;
  bool json = false;
  MachineChoice here;
  RuntimeChoice runtime;
  PlanOptions plan;
};

// A plan on disk, with the file that ONNX Runtime runs whole for comparison.
struct Source {
  Plan plan;
  std::filesystem::path directory;
  std::filesystem::path reference;
  std::optional<TemporaryDirectory> temporary;  // holds the plan that was made in passing
};

struct Verification {
  Difference difference;  // from ONNX Runtime on the whole model
  // Of ONNX Runtime without optimisations from the same, where the difference is above the tolerance.
  std::optional<Difference> rounding;
};

struct Outcome {
  std::string model;
  std::size_t segments = 0;
  Signature signature;
  std::vector<Tensor> outputs;
  Milliseconds latency{};
  struct Run {
    std::string place;
    Milliseconds time{};
  };
  std::vector<Run> runs;  // of segments
  std::optional<Verification> verification;
};

Result<Source> open_source(const Machine& machine, const RuntimeOptions& runtime, Engine& engine, const Options& options) {
  if (std::filesystem::is_directory(options.target)) {
    Result<Plan> plan = load_plan(options.target);
    if (!plan) return plan.error();
    return Source{*plan, options.target, std::filesystem::path(options.target) / plan->variants[0].segments[0].file,
                  std::nullopt};
  }
  Result<TemporaryDirectory> temporary = TemporaryDirectory::create();
  if (!temporary) return temporary.error();
  const std::filesystem::path directory = temporary->path() / "plan";
  Result<CompileRequest> request = options.plan.request(machine, options.target, directory);
  if (!request) return request.error();
  std::set<int> widths = {1};
  for (const Place& place : places_of(runtime.groups, runtime.elastic)) widths.insert(place.width());
  request->widths.assign(widths.begin(), widths.end());
  request->budget = Seconds(0);  // one request is soon answered by any good cut
  Result<Plan> plan = compile(machine, engine, *request);
  if (!plan) return plan.error();
  return Source{*std::move(plan), directory, options.target, *std::move(temporary)};
}

// The split asked for; of a plan the first split, of a model the whole, when nothing was said.
Result<std::string> variant_name(const Plan& plan, const PlanOptions& options) {
  if (options.segments.size() > 1) return Error{ErrorCode::invalid_argument, "--segments: a run has one number of segments"};
  if (options.segments.empty()) return plan.variants.back().name == "whole" ? "whole" : plan.variants[1].name;
  const std::string name = options.segments[0] == 1 ? "whole" : "k" + std::to_string(options.segments[0]);
  if (plan.find(name) != nullptr) return name;
  return Error{ErrorCode::not_found, "the plan has no variant '" + name +
                                         "'; make one with: staronnx plan MODEL -o DIRECTORY --segments " +
                                         std::to_string(options.segments[0])};
}

Result<std::vector<Tensor>> inputs_for(const Plan& plan, const Options& options) {
  if (!options.plan.inputs.empty()) return read_inputs(plan.signature, options.plan.inputs);
  return random_inputs(plan.signature, plan.shapes, options.seed);
}

Result<std::vector<Tensor>> run_request(Pipeline& pipeline, std::span<const Place> places, std::vector<Tensor> inputs,
                                        Outcome& outcome) {
  std::promise<Result<std::vector<Tensor>>> promise;
  std::future<Result<std::vector<Tensor>>> future = promise.get_future();
  const Clock::time_point sent = Clock::now();
  const Result<RequestId> accepted = pipeline.submit(std::move(inputs), {}, [&, sent](Result<Response> response) {
    outcome.latency = Clock::now() - sent;
    if (!response) return promise.set_value(response.error());
    for (const SegmentRun& run : response->segments)
      outcome.runs.push_back({places[static_cast<std::size_t>(run.place)].name(), run.end - run.begin});
    std::vector<Tensor> outputs;
    for (const TensorView& output : response->outputs) outputs.push_back(copy_of(output));
    promise.set_value(std::move(outputs));
  });
  if (!accepted) return accepted.error();
  return future.get();
}

// A result may be so many times as far from ONNX Runtime's as that is from itself without optimisations: segments end some of the fusions of
// operators, and in which direction that rounds is chance.
constexpr double kOfRounding = 2;

// The outputs of a whole model for the inputs of the plan.
Result<std::vector<Tensor>> run_whole(const Result<std::shared_ptr<Executor>>& model, const Signature& planned,
                                      const std::vector<Tensor>& inputs) {
  if (!model) return model.error();
  const Signature& signature = (*model)->signature();
  std::map<std::string, TensorView> by_name;
  for (std::size_t i = 0; i < inputs.size(); ++i) by_name[planned.inputs[i].name] = inputs[i].view();
  std::vector<TensorView> views;
  for (const TensorInfo& input : signature.inputs) views.push_back(by_name[input.name]);
  std::vector<OutputSlot> slots(signature.outputs.size());
  if (Status done = (*model)->run(views, slots); !done) return done.error();
  std::vector<Tensor> outputs;
  outputs.reserve(slots.size());
  for (const OutputSlot& slot : slots) outputs.push_back(copy_of(slot.view));
  return outputs;
}

Result<std::vector<Difference>> differences(const Signature& signature, const std::vector<Tensor>& outputs,
                                            const std::vector<Tensor>& expected, double tolerance) {
  std::vector<Difference> all;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    Result<Difference> each = difference(outputs[i].view(), expected[i].view(), tolerance);
    if (!each) return with_context("output '" + signature.outputs[i].name + "'", each.error());
    all.push_back(*each);
  }
  return all;
}

// The same inputs through ONNX Runtime on the whole model. What lies above the tolerance is compared with what rounding does in this model.
Result<Verification> verify(const Machine& machine, Engine& engine, const Source& source, const Variant& variant,
                            const std::vector<Tensor>& inputs, const std::vector<Tensor>& outputs) {
  const int threads = static_cast<int>(machine.cores.size());
  const Signature& signature = source.plan.signature;
  const Result<std::vector<Tensor>> expected = run_whole(engine.prepare_plain(source.reference, threads), signature, inputs);
  if (!expected) return expected.error();
  const auto by_another = [](const Segment& segment) { return segment.provider != Provider::cpu; };
  const bool another = !machine.gpus.empty() || std::ranges::any_of(variant.segments, by_another);
  const double tolerance = another ? another_provider_tolerance : same_result_tolerance;
  Result<std::vector<Difference>> apart = differences(signature, outputs, *expected, tolerance);
  if (!apart) return apart.error();
  const auto worst = [](const std::vector<Difference>& all) {
    return std::accumulate(all.begin(), all.end(), Difference{},
                           [](Difference sum, const Difference& each) { return sum += each; });
  };
  if (std::ranges::all_of(*apart, &Difference::equal)) return Verification{worst(*apart), {}};

  const Result<std::vector<Tensor>> rounded = run_whole(engine.prepare_unoptimized(source.reference, threads), signature, inputs);
  if (!rounded) return rounded.error();
  const Result<std::vector<Difference>> rounding = differences(signature, *rounded, *expected, tolerance);
  if (!rounding) return rounding.error();
  for (std::size_t i = 0; i < apart->size(); ++i) {
    Difference& each = (*apart)[i];
    const double possible = kOfRounding * (*rounding)[i].max_abs;
    each.equal = each.equal || (each.max_abs <= possible && std::isfinite(possible));
  }
  return Verification{worst(*apart), worst(*rounding)};
}

Result<Outcome> run(const Options& options) {
  Result<Machine> machine = options.here.machine();
  if (machine) machine = options.runtime.machine(*std::move(machine));
  if (!machine) return machine.error();
  Result<RuntimeOptions> where = options.runtime.options(*machine);
  if (!where) return where.error();
  Result<std::unique_ptr<Engine>> engine = Engine::create(options.runtime.engine());
  if (!engine) return engine.error();
  Result<Source> source = open_source(*machine, *where, **engine, options);
  if (!source) return source.error();
  Result<std::string> variant = variant_name(source->plan, options.plan);
  if (!variant) return variant.error();
  Result<std::vector<Tensor>> inputs = inputs_for(source->plan, options);
  if (!inputs) return inputs.error();

  Result<std::unique_ptr<Runtime>> runtime = Runtime::start(*where);
  if (!runtime) return runtime.error();
  Result<std::unique_ptr<Pipeline>> pipeline = Pipeline::open(**runtime, **engine, source->plan, source->directory, *variant, {});
  if (!pipeline) return pipeline.error();
  for (const std::string& note : (*pipeline)->notes()) std::cerr << note << "\n";
  Outcome outcome{source->plan.model, source->plan.find(*variant)->segments.size(), source->plan.signature, {}, {}, {}, {}};
  Result<std::vector<Tensor>> outputs = run_request(**pipeline, (*runtime)->places(), *inputs, outcome);
  if (!outputs) return outputs.error();
  outcome.outputs = *std::move(outputs);
  if (Status written = write_outputs(outcome.signature, outcome.outputs, options.outputs); !written) return written.error();
  if (options.verify) {
    Result<Verification> verified = verify(*machine, **engine, *source, *source->plan.find(*variant), *inputs, outcome.outputs);
    if (!verified) return verified.error();
    outcome.verification = *verified;
  }
  return outcome;
}

void print_json(const Outcome& outcome) {
  nlohmann::ordered_json json = {
      {"model", outcome.model}, {"segments", outcome.segments}, {"latency_ms", outcome.latency.count()}};
  for (const Outcome::Run& run : outcome.runs) json["runs"].push_back({{"place", run.place}, {"time_ms", run.time.count()}});
  for (std::size_t i = 0; i < outcome.outputs.size(); ++i) {
    json["outputs"].push_back({{"name", outcome.signature.outputs[i].name},
                               {"type", to_string(outcome.outputs[i].type())},
                               {"shape", outcome.outputs[i].shape()}});
  }
  if (outcome.verification) {
    const auto& [difference, rounding] = *outcome.verification;
    json["max_abs_error"] = difference.max_abs;
    json["max_rel_error"] = difference.max_rel;
    if (rounding) json["max_rel_error_unoptimized"] = rounding->max_rel;
    json["equal"] = difference.equal;
  }
  std::cout << json.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << "\n";
}

void print_text(const Outcome& outcome) {
  std::cout << outcome.model << " in " << outcome.segments << (outcome.segments == 1 ? " segment: " : " segments: ")
            << outcome.latency.count() << " ms\n";
  for (std::size_t i = 0; i < outcome.runs.size(); ++i)
    std::cout << "  segment " << i << " on " << outcome.runs[i].place << ": " << outcome.runs[i].time.count() << " ms\n";
  for (std::size_t i = 0; i < outcome.outputs.size(); ++i) {
    const Tensor& output = outcome.outputs[i];
    std::cout << "  " << outcome.signature.outputs[i].name << ": " << to_string(output.type()) << " " << to_string(output.shape())
              << "\n";
  }
  if (outcome.verification) {
    const auto& [difference, rounding] = *outcome.verification;
    std::cout << (difference.equal ? "equal to" : "NOT equal to") << " ONNX Runtime on the whole model: max_abs_error "
              << difference.max_abs << ", max_rel_error " << difference.max_rel;
    if (rounding) std::cout << " (its own without optimisations: " << rounding->max_rel << ")";
    std::cout << "\n";
  }
}

int run_verb(const Options& options) {
  Result<Outcome> outcome = run(options);
  if (!outcome) return report(outcome.error(), options.json);
  options.json ? print_json(*outcome) : print_text(*outcome);
  return outcome->verification && !outcome->verification->difference.equal ? 1 : 0;
}

}  // namespace

void add_run(CLI::App& app, int& exit_status) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("run", "Run one request through the scheduler, and verify it");
  verb->add_option("MODEL|PLAN", options->target, "An ONNX model (planned in passing) or the directory of a plan")->required();
  options->plan.add_to(*verb);
  CLI::Option* input = verb->get_option("--input");
  verb->add_option("--output", options->outputs, "Where to write an output: FILE in the model's order, or NAME=FILE");
  verb->add_flag("--random", options->random, "Random inputs (the default without --input)")->excludes(input);
  verb->add_option("--seed", options->seed, "Seed of the random inputs")->excludes(input);
  verb->add_flag("--verify", options->verify, "Compare with ONNX Runtime on the whole model; exit status 1 when not equal");
  options->here.add_to(*verb);
  options->runtime.add_to(*verb);
  verb->add_flag("--json", options->json, "Print the result as JSON");
  verb->callback([options, &exit_status] { exit_status = run_verb(*options); });
}

}  // namespace staronnx::apps
