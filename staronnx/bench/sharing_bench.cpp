// Several models on the same processors: what an overloaded one does to the others.
//
//   sharing_bench any PLAN PLAN PLAN       plans as `staronnx plan` makes them; the last one is overloaded
//   sharing_bench whole PLAN PLAN PLAN     every request runs that variant
//
// Each model gets Poisson arrivals at 15 % of its saturated rate, together; then the last one three times its saturated rate. Rounds of both
// in turns, eight of each for each of three seeds; printed are quantiles of the others' latencies in a seed's rounds together, and in all, with
// overload over without, and how many requests of the overloaded one were served.
#include <algorithm>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "staronnx/base/expect_for_bench.h"
#include "staronnx/bench/arrivals.h"
#include "staronnx/bench/load.h"
#include "staronnx/bench/load_clock.h"
#include "staronnx/bench/pipeline_system.h"
#include "staronnx/bench/quantile.h"
#include "staronnx/model/signature.h"
#include "staronnx/profile/cost_profile.h"
#include "staronnx/schedule/pipeline.h"

namespace staronnx {
namespace {

constexpr double kLightLoad = 0.15, kOverload = 3;
constexpr Seconds kDuration{7}, kWarmUp{1};  // in which nothing counts: who was idle is not known to the scheduler
constexpr unsigned kRounds = 8, kSeeds = 3;
constexpr Milliseconds kSlo{10'000};  // nothing is given up within a round

struct Served {
  std::string name;
  std::unique_ptr<System> system;
  double saturated_per_s = 0;
};

Served serve(Runtime& runtime, Engine& engine, const std::string& directory, const std::string& variant) {
  const Plan plan = expect(load_plan(directory));
  Served served{plan.model,
                pipeline_system(plan.model, expect(Pipeline::open(runtime, engine, plan, directory, variant, {.queue = 64})),
                                {random_inputs(plan.signature, plan.shapes, 1)}),
                0};
  SteadyLoadClock clock;
  served.saturated_per_s = closed_loop(*served.system, clock, 8, Seconds(2), {.slo = kSlo}).point.served_per_s;
  return served;
}

// What rounds of a kind have seen of a model.
struct Seen {
  std::vector<Microseconds> latencies;
  double served_per_s = 0, rate_per_s = 0;  // of all rounds together
};

// All models at once.
void round(std::vector<Served>& models, double load_of_last, unsigned seed, std::vector<Seen>& seen) {
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < models.size(); ++i) {
    threads.emplace_back([&, i] {
      const double rate = (i + 1 == models.size() ? load_of_last : kLightLoad) * models[i].saturated_per_s;
      SteadyLoadClock clock;
      const std::vector<Seconds> arrivals = arrivals_of(PoissonArrivals(), rate, kDuration, seed + static_cast<unsigned>(i));
      const Window window = open_loop(*models[i].system, clock, rate, arrivals, kDuration, {.slo = kSlo});
      for (const Sample& sample : window.samples) {
        if (!sample.failure && sample.intended >= kWarmUp) seen[i].latencies.push_back(sample.latency());
      }
      seen[i].served_per_s += window.point.served_per_s;
      seen[i].rate_per_s += rate;
    });
  }
}

struct Quantiles {
  Milliseconds p50, p99;
};

// Sorts them.
Quantiles quantiles_of(std::vector<Microseconds>& latencies) {
  std::ranges::sort(latencies);
  return {quantile(latencies, 0.5), quantile(latencies, 0.99)};
}

void print(const std::vector<Served>& models, std::vector<Seen>& quiet, std::vector<Seen>& overloaded, unsigned rounds) {
  for (std::size_t i = 0; i + 1 < models.size(); ++i) {
    const Quantiles without = quantiles_of(quiet[i].latencies), with = quantiles_of(overloaded[i].latencies);
    std::printf("%-28s p50 %7.2f -> %7.2f ms   p99 %7.2f -> %7.2f ms (%.2f)\n", models[i].name.c_str(), without.p50.count(),
                with.p50.count(), without.p99.count(), with.p99.count(), with.p99 / without.p99);
  }
  const Seen& last = overloaded.back();
  std::printf("%-28s %.1f/s of %.1f/s asked for were served, saturated alone %.1f/s\n", models.back().name.c_str(),
              last.served_per_s / rounds, last.rate_per_s / rounds, models.back().saturated_per_s);
}

void add(std::vector<Seen>& all, const std::vector<Seen>& seen) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].latencies.insert(all[i].latencies.end(), seen[i].latencies.begin(), seen[i].latencies.end());
    all[i].served_per_s += seen[i].served_per_s;
    all[i].rate_per_s += seen[i].rate_per_s;
  }
}

void run(const std::string& variant, const std::vector<std::string>& plans) {
  const Machine machine = expect(detect_machine());
  const auto runtime = expect(Runtime::start(expect(runtime_options(machine, "elastic", "staronnx", default_cache_directory()))));
  const auto engine = expect(Engine::create());
  std::vector<Served> models;
  for (const std::string& plan : plans) models.push_back(serve(*runtime, *engine, plan, variant));
  std::vector<Seen> all_quiet(models.size()), all_overloaded(models.size());
  for (unsigned seed = 1; seed <= kSeeds; ++seed) {
    std::vector<Seen> quiet(models.size()), overloaded(models.size());
    for (unsigned i = 0; i < kRounds; ++i) {
      const unsigned arrivals = 1000 * seed + 10 * i;
      round(models, kLightLoad, arrivals, quiet);
      round(models, kOverload, arrivals, overloaded);
    }
    print(models, quiet, overloaded, kRounds);
    add(all_quiet, quiet), add(all_overloaded, overloaded);
  }
  std::puts("all seeds:");
  print(models, all_quiet, all_overloaded, kSeeds * kRounds);
}

}  // namespace
}  // namespace staronnx

int main(int argc, char** argv) {
  if (argc < 4) return std::fprintf(stderr, "usage: sharing_bench VARIANT|any PLAN PLAN [PLAN ..]\n"), 2;
  try {
    staronnx::run(std::string(argv[1]) == "any" ? "" : argv[1], {argv + 2, argv + argc});
  } catch (const std::exception& failure) {
    return std::fprintf(stderr, "sharing_bench: %s\n", failure.what()), 1;
  }
}
