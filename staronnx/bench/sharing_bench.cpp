// Several models on the same processors: what an overloaded one does to the others.
//
//   sharing_bench any PLAN PLAN PLAN       plans as `staronnx plan` makes them; the last one is overloaded
//   sharing_bench whole PLAN PLAN PLAN     every request runs that variant
//
// Each model gets Poisson arrivals at 15 % of its saturated rate, together; then the last one three times its saturated rate. Rounds of both
// in turns, three seeds; printed is the others' p99 with overload over without, and how many requests of the overloaded one were served.
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
constexpr Seconds kDuration{6};
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

// All models at once.
std::vector<Point> round(std::vector<Served>& models, double load_of_last, unsigned seed) {
  std::vector<Point> points(models.size());
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < models.size(); ++i) {
    threads.emplace_back([&, i] {
      const double rate = (i + 1 == models.size() ? load_of_last : kLightLoad) * models[i].saturated_per_s;
      SteadyLoadClock clock;
      const std::vector<Seconds> arrivals = arrivals_of(PoissonArrivals(), rate, kDuration, seed + static_cast<unsigned>(i));
      points[i] = open_loop(*models[i].system, clock, rate, arrivals, kDuration, {.slo = kSlo}).point;
    });
  }
  threads.clear();
  return points;
}

void run(const std::string& variant, const std::vector<std::string>& plans) {
  const Machine machine = expect(detect_machine());
  const auto runtime = expect(Runtime::start(expect(runtime_options(machine, "elastic", "staronnx", default_cache_directory()))));
  const auto engine = expect(Engine::create());
  std::vector<Served> models;
  for (const std::string& plan : plans) models.push_back(serve(*runtime, *engine, plan, variant));
  for (unsigned seed = 1; seed <= 3; ++seed) {
    const std::vector<Point> quiet = round(models, kLightLoad, 10 * seed), overloaded = round(models, kOverload, 10 * seed);
    for (std::size_t i = 0; i + 1 < models.size(); ++i) {
      std::printf("%-28s p50 %7.2f -> %7.2f ms   p99 %7.2f -> %7.2f ms (%.2f)\n", models[i].name.c_str(),
                  Milliseconds(quiet[i].p50).count(), Milliseconds(overloaded[i].p50).count(), Milliseconds(quiet[i].p99).count(),
                  Milliseconds(overloaded[i].p99).count(), overloaded[i].p99 / quiet[i].p99);
    }
    const Point& last = overloaded.back();
    std::printf("%-28s %.1f/s of %.1f/s asked for were served, saturated alone %.1f/s\n", models.back().name.c_str(),
                last.served_per_s, last.rate_per_s, models.back().saturated_per_s);
  }
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
