#include "staronnx/simulate/simulation.h"

#include <algorithm>
#include <memory>
#include <numeric>

#include "staronnx/bench/pipeline_system.h"
#include "staronnx/machine/processor_class.h"
#include "staronnx/schedule/pipeline.h"
#include "staronnx/simulate/simulated_engine.h"
#include "staronnx/simulate/virtual_time.h"
#include "staronnx/simulate/work_done.h"

namespace staronnx {
namespace {

using Systems = std::vector<std::unique_ptr<System>>;

// A rate that is asked for is measured with as many requests as wanted where the machine does not serve more than so many times that rate:
// the search, at up to the saturated rate, takes so many times as many.
constexpr double kOfAsked = 4;

std::vector<Tensor> zeros(const Plan& plan) {
  std::vector<Tensor> inputs;
  for (std::size_t i = 0; i < plan.shapes.size(); ++i) {
    std::int64_t bits = bits_of(plan.signature.inputs[i].type);
    for (const std::int64_t size : plan.shapes[i]) bits *= size;
    inputs.emplace_back(plan.signature.inputs[i].type, plan.shapes[i], static_cast<std::size_t>((bits + 7) / 8));
  }
  return inputs;
}

Result<Systems> open_systems(Runtime& runtime, SimulatedEngine& engine, const Plan& plan, const std::filesystem::path& directory,
                             const std::vector<std::string>& variants, WorkDone& done) {
  Systems systems;
  for (const std::string& variant : variants) {
    const std::string name = variant.empty() ? "StarONNX" : "StarONNX " + variant;
    Result<std::unique_ptr<Pipeline>> pipeline = Pipeline::open(runtime, engine, plan, directory, variant, {});
    if (!pipeline) return with_context(name, pipeline.error());
    systems.push_back(pipeline_system(name, *std::move(pipeline), {zeros(plan)}, [&done] { return done.so_far(); }));
  }
  return systems;
}

// What the processors do together, each by itself.
double saturated_rate(const Plan& plan, const Machine& machine) {
  double cores = 0, elsewhere = 0;
  for (const Segment& segment : plan.variants.front().segments) {
    cores += Seconds(segment.cpu_time.alone.begin()->second).count();
  }
  for (const Gpu& gpu : machine.gpus) elsewhere += *gpu.speed;
  for (const LentNode& node : machine.nodes) elsewhere += node.cores * node.speed;
  return (static_cast<double>(machine.cores.size()) + elsewhere) / cores;
}

// Cores there have no numbers that anybody asks for.
std::vector<SimulatedNode> nodes_of(const Machine& machine) {
  std::vector<SimulatedNode> nodes;
  for (const LentNode& node : machine.nodes) {
    std::vector<int> cores(static_cast<std::size_t>(node.cores));
    std::iota(cores.begin(), cores.end(), 0);
    nodes.push_back({{Memory{MemoryKind::node, node.number}.name(), {std::move(cores), 0}}, number_of_node(node)});
  }
  return nodes;
}

}  // namespace

Result<Comparison> simulate(const CarriedPlan& carried, const std::filesystem::path& directory, const Machine& machine,
                            const SimulationOptions& options, ComparisonOptions comparison, const Progress& progress) {
  if (const auto classes = processor_classes(machine); !classes) return classes.error();
  RuntimeOptions with_nodes = options.runtime;
  with_nodes.simulated_nodes = nodes_of(machine);
  const Result<std::unique_ptr<Runtime>> runtime = Runtime::start(with_nodes);
  if (!runtime) return runtime.error();
  SimulatedEngine engine(carried.plan, directory, machine, comparison.seeds.front());
  WorkDone done(machine, **runtime, engine);
  const Result<Systems> systems = open_systems(**runtime, engine, carried.plan, directory, options.variants, done);
  if (!systems) return systems.error();
  double highest = saturated_rate(carried.plan, machine);
  if (comparison.rates.asked) highest = std::max(*comparison.rates.asked, highest / kOfAsked);
  if (!comparison.rates.per_s.empty()) highest = std::ranges::max(comparison.rates.per_s);
  if (const auto* replayed = std::get_if<ReplayedArrivals>(&comparison.arrivals)) highest = replayed->rate_per_s();
  comparison.duration = Seconds(static_cast<double>(options.requests) / highest);
  comparison.in_flight = 0;
  for (const Place& place : (*runtime)->places())
    comparison.in_flight += place.workers.size() == 1 ? 4 * std::max(1, place.width()) : 0;
  VirtualLoadClock clock;
  return compare(*systems, comparison, clock, progress, {});
}

}  // namespace staronnx
