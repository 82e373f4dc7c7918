// How the time to place a graph grows with it: chains with short cuts, three accelerators and a CPU ten times slower.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <random>
#include <stdexcept>

#include "staronnx/placement/placement.h"

namespace staronnx {
namespace {

PlacementProblem shortcut_chain(std::uint32_t nodes) {
  std::mt19937 random(1);
  std::exponential_distribution<double> time(1);
  std::vector<double> fast, slow;
  std::vector<PlacementTensor> tensors;
  for (std::uint32_t node = 0; node < nodes; ++node) {
    fast.push_back(time(random));
    slow.push_back(10 * fast.back());
    PlacementTensor tensor{node, {}, time(random) / 10};
    if (node + 1 < nodes) tensor.consumers.push_back(node + 1);
    if (const std::uint32_t other = node + 2 + random() % 7; other < nodes) tensor.consumers.push_back(other);
    if (!tensor.consumers.empty()) tensors.push_back(std::move(tensor));
  }
  return {{{"accelerator", 3, true, std::move(fast)}, {"cpu", 1, false, std::move(slow)}}, std::move(tensors), false};
}

void Metis(benchmark::State& state) {
  const PlacementProblem problem = shortcut_chain(static_cast<std::uint32_t>(state.range(0)));
  double over = 0;
  for (auto _ : state) {
    const Result<Placement> placement = place(problem, {.method = PlacementMethod::metis});
    if (!placement) throw std::runtime_error(placement.error().message);
    over = placement->period / placement->lower_bound;
  }
  state.counters["period_over_bound"] = over;
}
BENCHMARK(Metis)->Arg(1'000)->Arg(2'000)->Arg(5'000)->Arg(10'000)->Arg(20'000)->Arg(50'000)->Iterations(1)->Unit(
    benchmark::kMillisecond);

}  // namespace
}  // namespace staronnx
