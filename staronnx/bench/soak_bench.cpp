// Many requests, one after the other: none is lost, and memory does not grow.
//
//   soak_bench PLAN REQUESTS     all variants in turn, 32 requests in flight
//
// Prints answers and resident memory every tenth of the way; fails when an answer is missing or wrong, and when memory grows by more than 1 %
// from the first tenth to the end.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <semaphore>
#include <stdexcept>
#include <string>

#include "staronnx/base/expect_for_bench.h"
#include "staronnx/profile/cost_profile.h"
#include "staronnx/schedule/pipeline.h"

namespace staronnx {
namespace {

constexpr std::ptrdiff_t kInFlight = 32;

double resident_mib() {
  std::ifstream statm("/proc/self/statm");
  double total = 0, resident = 0;
  statm >> total >> resident;
  return resident * 4096 / (1 << 20);
}

// Of the first answer; all others must be the same.
struct Check {
  std::vector<std::byte> first;
  std::atomic<std::uint64_t> answered = 0, wrong = 0;

  void see(const Result<Response>& response) {
    ++answered;
    if (!response) {
      ++wrong;
      return;
    }
    const std::span<const std::byte> data = response->outputs[0].data;
    if (first.empty()) first.assign(data.begin(), data.end());
    if (!std::ranges::equal(first, data)) ++wrong;
  }
};

void run(const std::string& directory, std::uint64_t requests) {
  const Plan plan = expect(load_plan(directory));
  const auto runtime =
      expect(Runtime::start(expect(runtime_options(expect(detect_machine()), "elastic", "staronnx", default_cache_directory()))));
  const auto engine = expect(Engine::create());
  const std::vector<Tensor> inputs = random_inputs(plan.signature, plan.shapes, 1);
  for (const Variant& variant : plan.variants) {
    const auto pipeline = expect(Pipeline::open(*runtime, *engine, plan, directory, variant.name, {}));
    std::counting_semaphore<kInFlight> places(kInFlight);
    Check check;
    double early_mib = 0;
    for (std::uint64_t request = 0; request < requests; ++request) {
      places.acquire();
      expect(pipeline->submit(inputs, {}, [&](const Result<Response>& response) {
        check.see(response);
        places.release();
      }));
      if ((request + 1) % std::max<std::uint64_t>(requests / 10, 1) != 0) continue;
      const double mib = resident_mib();
      if (early_mib == 0) early_mib = mib;
      std::printf("%s: %llu requests, %.1f MiB\n", variant.name.c_str(), static_cast<unsigned long long>(request + 1), mib);
      std::fflush(stdout);
    }
    for (std::ptrdiff_t i = 0; i < kInFlight; ++i) places.acquire();
    if (check.answered != requests || check.wrong > 0) throw std::runtime_error("answers are missing or wrong");
    if (resident_mib() > 1.01 * early_mib) throw std::runtime_error("memory has grown");
  }
}

}  // namespace
}  // namespace staronnx

int main(int argc, char** argv) {
  if (argc != 3) return std::fprintf(stderr, "usage: soak_bench PLAN REQUESTS\n"), 2;
  try {
    staronnx::run(argv[1], std::strtoull(argv[2], nullptr, 10));
  } catch (const std::exception& failure) {
    return std::fprintf(stderr, "soak_bench: %s\n", failure.what()), 1;
  }
}
