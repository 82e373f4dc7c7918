// Time to partition a graph of n nodes into k segments: partition_bench
#include <benchmark/benchmark.h>

#include "staronnx/partition/graph_for_test.h"

namespace staronnx {
namespace {

void split(benchmark::State& state, GraphShape shape) {
  const WeightedGraph g = random_graph(shape, static_cast<std::uint32_t>(state.range(0)), 1);
  const Shares shares = Shares::even(static_cast<std::size_t>(state.range(1)));
  CutQuality quality;
  for (auto _ : state) {
    const Result<Partition> found = partition(g.graph, g.weights, shares, 1);
    quality = quality_of(g.graph, g.weights, shares, *found);
  }
  state.counters["imbalance"] = quality.imbalance;
  state.counters["cut_bytes"] = static_cast<double>(quality.cut.count);
}

BENCHMARK_CAPTURE(split, residual, GraphShape::residual)
    ->ArgsProduct({{200, 5000, 50000}, {2, 3, 8}})
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(split, random, GraphShape::random)->ArgsProduct({{200, 5000, 50000}, {2, 3, 8}})->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace staronnx
