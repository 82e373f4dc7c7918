#include <iomanip>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/verbs.h"
#include "staronnx/base/deadline.h"
#include "staronnx/placement/graph_file.h"

namespace staronnx::apps {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  std::string graph;
  GraphProcessors processors;
  std::size_t segments = 0;  // 0: as many as is best
  std::string method = "best";
  double time_limit_s = 60;
  bool json = false;
};

struct Answer {
  GraphFile graph;
  Placement placement;
  double seconds = 0;
};

Result<Answer> answer_of(const Options& options) {
  Result<PlacementMethod> method = parse_placement_method(options.method);
  if (!method) return method.error();
  Result<GraphFile> graph = load_graph_file(options.graph, options.processors);
  if (!graph) return graph.error();
  PlacementOptions how{*method, std::nullopt, Seconds(options.time_limit_s)};
  if (options.segments > 0) how.segments = options.segments;
  const Clock::time_point begin = Clock::now();
  Result<Placement> placement = place(graph->problem, how);
  if (!placement) return placement.error();
  return Answer{*std::move(graph), *std::move(placement), Seconds(Clock::now() - begin).count()};
}

// "accelerator0"
std::string processor_name(const Answer& answer, const PlacedSegment& segment) {
  return answer.graph.problem.classes[segment.processor_class].name + std::to_string(segment.processor);
}

Json to_json(const Answer& answer) {
  const Placement& placement = answer.placement;
  Json assignment = Json::object(), segments = Json::array();
  for (const PlacedSegment& segment : placement.segments) {
    segments.push_back({{"processor", processor_name(answer, segment)},
                        {"busy", segment.busy},
                        {"compute", segment.load.compute},
                        {"in", segment.load.in},
                        {"out", segment.load.out},
                        {"nodes", Json::array()}});
  }
  for (std::size_t i = 0; i < answer.graph.ids.size(); ++i) {
    const std::uint32_t segment = placement.segment_of_node[answer.graph.node_of[i]];
    assignment[std::to_string(answer.graph.ids[i])] = processor_name(answer, placement.segments[segment]);
    segments[segment]["nodes"].push_back(answer.graph.ids[i]);
  }
  return {{"period", placement.period},
          {"lower_bound", placement.lower_bound},
          {"proved_optimal", placement.proved_optimal},
          {"method", std::string(to_string(placement.method))},
          {"seconds", answer.seconds},
          {"lone_latency", placement.lone_latency},
          {"assignment", std::move(assignment)},
          {"segments", std::move(segments)}};
}

void print(const Answer& answer) {
  const Placement& placement = answer.placement;
  std::cout << "period " << placement.period << (placement.proved_optimal ? ", proved optimal" : "") << ", at least "
            << placement.lower_bound << "; lone latency " << placement.lone_latency << "; found by "
            << to_string(placement.method) << " in " << std::setprecision(3) << answer.seconds << " s\n"
            << std::setprecision(6);
  std::vector<std::size_t> nodes(placement.segments.size());
  for (const std::uint32_t node : answer.graph.node_of) ++nodes[placement.segment_of_node[node]];
  for (std::size_t s = 0; s < placement.segments.size(); ++s) {
    const PlacedSegment& segment = placement.segments[s];
    std::cout << "  segment " << s + 1 << " on " << processor_name(answer, segment) << ": " << nodes[s] << " nodes, busy "
              << segment.busy << " (compute " << segment.load.compute << ", in " << segment.load.in << ", out "
              << segment.load.out << ")\n";
  }
}

int run_verb(const Options& options) {
  Result<Answer> answer = answer_of(options);
  if (!answer) return report(answer.error(), options.json);
  if (options.json) {
    std::cout << to_json(*answer).dump(2) << '\n';
  } else {
    print(*answer);
  }
  return 0;
}

}  // namespace

void add_partition(CLI::App& app, int& exit_status) {
  auto options = std::make_shared<Options>();
  CLI::App* verb =
      app.add_subcommand("partition", "Cut a graph with given costs for accelerators and CPUs, and say how near the optimum");
  verb->add_option("--graph", options->graph,
                   "The graph: JSON with nodes (id, cpuLatency, fpgaLatency) and edges (sourceId, destId, cost)")
      ->required();
  verb->add_option("--accelerators", options->processors.accelerators, "Accelerators; they pay for transfers")
      ->capture_default_str();
  verb->add_option("--cpus", options->processors.cpus, "CPUs; their transfers are free")->capture_default_str();
  verb->add_option("--cpu-speed", options->processors.cpu_speed, "Divides the graph's CPU times")->capture_default_str();
  verb->add_flag("--overlap", options->processors.overlap, "Accelerators compute, receive and send at the same time");
  verb->add_option("--segments", options->segments, "Exactly as many segments (default: as many as is best)")
      ->check(CLI::PositiveNumber);
  verb->add_option("--method", options->method, "metis, order, exact, or the best of all")->capture_default_str();
  verb->add_option("--time-limit", options->time_limit_s, "Seconds after which nothing new is begun")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  verb->add_flag("--json", options->json, "Print the answer as JSON");
  verb->callback([options, &exit_status] { exit_status = run_verb(*options); });
}

}  // namespace staronnx::apps
