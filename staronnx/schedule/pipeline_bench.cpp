// What a pipeline costs beside the computation.
//
//   pipeline_bench                       plans SqueezeNet (of the onnx wheel) and measures on groups of one core, or of two
//   STARONNX_PLAN=plan/ pipeline_bench   measures a plan's variants "whole" and "k2"
//
// Lone and Saturated measure the pipeline and bare ONNX Runtime in turns, round by round, and give the median over the rounds; Null runs
// segments that compute nothing, so that only the scheduling is left.
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "staronnx/base/expect_for_bench.h"
#include "staronnx/base/temporary_directory.h"
#include "staronnx/machine/affinity.h"
#include "staronnx/plan/compile.h"
#include "staronnx/plan/prediction.h"
#include "staronnx/profile/cost_profile.h"
#include "staronnx/schedule/flow.h"
#include "staronnx/schedule/null_flow_for_test.h"
#include "staronnx/schedule/pipeline.h"

namespace staronnx {
namespace {

void expect(const Status& status) {
  if (!status) throw std::runtime_error(status.error().message);
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double microseconds(Clock::duration duration) {
  return Microseconds(duration).count();
}

std::filesystem::path squeezenet() {
  for (const auto& python : std::filesystem::directory_iterator(STARONNX_DEPS_DIR "/venv/lib")) {
    const auto model = python.path() / "site-packages/onnx/backend/test/data/light/light_squeezenet.onnx";
    if (std::filesystem::exists(model)) return model;
  }
  throw std::runtime_error("light_squeezenet.onnx is not under " STARONNX_DEPS_DIR "; run scripts/setup");
}

// A plan, a runtime on two groups of one core, and the segments of one variant loaded as the pipeline loads them.
struct Setting {
  explicit Setting(const std::string& variant_name, const std::string& core_groups_spec = "1,1")
      : variant(variant_name), groups(expect(core_groups(machine, core_groups_spec))) {
    if (const char* given = std::getenv("STARONNX_PLAN")) {  // NOLINT(concurrency-mt-unsafe): nobody sets it
      directory = given;
      plan = expect(load_plan(directory));
    } else {
      directory = temporary.path() / "plan";
      plan = expect(compile(machine, *engine,
                            {.model = squeezenet(),
                             .directory = directory,
                             .cache = default_cache_directory(),
                             .splits = {Shares::even(2)},
                             .widths = {1, 2}}));
    }
    route = expect(route_of(plan, *plan.find(variant)));
    for (const Segment& segment : plan.find(variant)->segments) {
      executors.push_back(expect(engine->prepare(directory / segment.file, groups[0])));
    }
    inputs = random_inputs(plan.signature, plan.shapes, 1);
  }

  std::unique_ptr<Pipeline> open(int window = 0) {
    return expect(Pipeline::open(*runtime, *engine, plan, directory, variant, {.window = window}));
  }

  std::string variant;
  TemporaryDirectory temporary = expect(TemporaryDirectory::create());
  std::filesystem::path directory;
  Machine machine = expect(detect_machine());
  std::vector<CoreGroup> groups;
  std::unique_ptr<Engine> engine = expect(Engine::create());
  std::unique_ptr<Runtime> runtime = expect(Runtime::start({.groups = groups, .cache = default_cache_directory()}));
  Plan plan;
  Route route;
  std::vector<std::shared_ptr<Executor>> executors;  // by segment
  std::vector<Tensor> inputs;
};

// The variant's segments one after the other on the calling thread, as a loop around ONNX Runtime would.
class Bare {
 public:
  explicit Bare(const Setting& setting) : setting_(setting) {
    for (const RouteTensor& tensor : setting.route.tensors) memory_.emplace_back(DataType::uint8, Shape{}, tensor.bytes.count);
    for (const SegmentRoute& segment : setting.route.segments) outputs_.emplace_back(segment.writes.size());
  }

  void run() {
    for (std::size_t s = 0; s < outputs_.size(); ++s) {
      const SegmentRoute& segment = setting_.route.segments[s];
      std::vector<TensorView> inputs;
      for (std::size_t tensor : segment.reads) inputs.push_back(view(tensor));
      for (std::size_t i = 0; i < outputs_[s].size(); ++i) outputs_[s][i].buffer = memory_[segment.writes[i]].data();
      expect(setting_.executors[s]->run(inputs, outputs_[s]));
    }
  }

 private:
  TensorView view(std::size_t tensor) const {
    const std::optional<Producer>& producer = setting_.route.tensors[tensor].producer;
    return producer ? outputs_[producer->segment][producer->output].view : setting_.inputs[tensor].view();
  }

  const Setting& setting_;
  std::vector<Tensor> memory_;
  std::vector<std::vector<OutputSlot>> outputs_;
};

// Median time of a bare run on a pinned thread.
double bare_run_us(const Setting& setting, int runs) {
  std::vector<double> times;
  std::jthread([&] {
    expect(pin_this_thread(setting.groups[0].cores));
    Bare bare(setting);
    for (int i = 0; i < runs; ++i) {
      const Clock::time_point begin = Clock::now();
      bare.run();
      times.push_back(microseconds(Clock::now() - begin));
    }
  }).join();
  return median(times);
}

struct LoneTimes {
  double request_us = 0;   // from submit() to done()
  double segments_us = 0;  // of it, inside the segments
};

LoneTimes lone_requests(const Setting& setting, Pipeline& pipeline, int requests) {
  std::vector<double> whole;
  std::vector<double> inside;
  for (int i = 0; i < requests; ++i) {
    std::vector<Tensor> inputs = setting.inputs;
    std::binary_semaphore answered(0);
    const Clock::time_point begin = Clock::now();
    expect(pipeline.submit(std::move(inputs), {}, [&](const Result<Response>& response) {
      whole.push_back(microseconds(Clock::now() - begin));
      double segments = 0;
      for (const SegmentRun& run : response->segments) segments += microseconds(run.end - run.begin);
      inside.push_back(segments);
      answered.release();
    }));
    answered.acquire();
  }
  return {median(whole), median(inside)};
}

// One request at a time: what the pipeline adds to each segment.
void Lone(benchmark::State& state, const std::string& variant) {
  Setting setting(variant);
  const std::unique_ptr<Pipeline> pipeline = setting.open();
  const auto segments = static_cast<double>(setting.executors.size());
  std::vector<double> ort, request, over_bare, over_inside;
  lone_requests(setting, *pipeline, 20);
  for (auto _ : state) {
    ort.push_back(bare_run_us(setting, 50));
    const LoneTimes times = lone_requests(setting, *pipeline, 50);
    request.push_back(times.request_us);
    over_bare.push_back((times.request_us - ort.back()) / segments);
    over_inside.push_back((times.request_us - times.segments_us) / segments);
  }
  state.counters["ort_us"] = median(ort);
  state.counters["request_us"] = median(request);
  state.counters["over_ort_us_per_segment"] = median(over_bare);
  state.counters["outside_segments_us_per_segment"] = median(over_inside);
}
BENCHMARK_CAPTURE(Lone, whole, "whole")->Iterations(15)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Lone, k2, "k2")->Iterations(15)->Unit(benchmark::kMillisecond);

double bare_rate(const Setting& setting, Seconds duration) {
  std::atomic<int> runs = 0;
  const Clock::time_point begin = Clock::now();
  {
    std::vector<std::jthread> threads;
    for (const CoreGroup& group : setting.groups) {
      threads.emplace_back([&] {
        expect(pin_this_thread(group.cores));
        Bare bare(setting);
        while (Clock::now() - begin < duration) {
          bare.run();
          ++runs;
        }
      });
    }
  }
  return runs / Seconds(Clock::now() - begin).count();
}

// Always more requests than the pipeline holds: each answer submits the next.
double pipeline_rate(const Setting& setting, Pipeline& pipeline, Seconds duration) {
  constexpr int unanswered = 32;
  std::counting_semaphore<unanswered> ended(0);
  std::atomic<int> answers = 0;
  const Clock::time_point begin = Clock::now();
  std::function<void()> next = [&] {
    expect(pipeline.submit(setting.inputs, {}, [&](const Result<Response>& response) {
      if (!response) throw std::runtime_error(response.error().message);
      ++answers;
      if (Clock::now() - begin < duration) {
        next();
      } else {
        ended.release();
      }
    }));
  };
  for (int i = 0; i < unanswered; ++i) next();
  for (int i = 0; i < unanswered; ++i) ended.acquire();
  return answers / Seconds(Clock::now() - begin).count();
}

// As many requests as both can take. Argument: the window, 0 for the pipeline's own. What a plan predicts from the bare segments' times is
// predicted_over_measured times what the pipeline does.
void Saturated(benchmark::State& state, const std::string& variant, const std::string& core_groups_spec) {
  Setting setting(variant, core_groups_spec);
  const std::unique_ptr<Pipeline> pipeline = setting.open(static_cast<int>(state.range(0)));
  std::vector<double> ort, rate, ratio, predicted;
  const auto groups = static_cast<double>(setting.groups.size()), segments = static_cast<double>(setting.executors.size());
  pipeline_rate(setting, *pipeline, Seconds(0.2));
  for (auto _ : state) {
    ort.push_back(bare_rate(setting, Seconds(1)));
    rate.push_back(pipeline_rate(setting, *pipeline, Seconds(1)));
    ratio.push_back(rate.back() / ort.back());
    predicted.push_back(groups / (groups / ort.back() + segments * Seconds(kHandover).count()) / rate.back());
  }
  state.counters["ort_per_s"] = median(ort);
  state.counters["pipeline_per_s"] = median(rate);
  state.counters["of_ort"] = median(ratio);
  state.counters["predicted_over_measured"] = median(predicted);
}
BENCHMARK_CAPTURE(Saturated, whole, "whole", "1,1")
    ->Arg(0)
    ->Arg(1)
    ->Arg(2)
    ->Arg(3)
    ->Arg(4)
    ->Arg(6)
    ->Arg(8)
    ->Iterations(9)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Saturated, k2, "k2", "1,1")
    ->Arg(0)
    ->Arg(2)
    ->Arg(3)
    ->Arg(4)
    ->Arg(5)
    ->Arg(6)
    ->Arg(8)
    ->Iterations(9)
    ->Unit(benchmark::kMillisecond);

BENCHMARK_CAPTURE(Saturated, whole_on_both_cores, "whole", "2")->Arg(0)->Iterations(9)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Saturated, k2_on_both_cores, "k2", "2")->Arg(0)->Iterations(9)->Unit(benchmark::kMillisecond);

std::vector<Tensor> input_of(std::int64_t bytes) {
  std::vector<Tensor> inputs;
  inputs.emplace_back(DataType::uint8, Shape{bytes}, static_cast<std::size_t>(bytes));
  return inputs;
}

std::unique_ptr<Runtime> two_workers() {
  return expect(
      Runtime::start({.groups = expect(core_groups(expect(detect_machine()), "1,1")), .cache = default_cache_directory()}));
}

// Arguments: segments, bytes of the request's input. Time per request, submit() to done().
void NullLone(benchmark::State& state) {
  const std::unique_ptr<Runtime> runtime = two_workers();
  const std::unique_ptr<Flow> flow = null_flow(*runtime, static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    std::vector<Tensor> inputs = input_of(state.range(1));
    Clock::time_point end;
    std::binary_semaphore answered(0);
    const Clock::time_point begin = Clock::now();
    expect(flow->submit(std::move(inputs), {}, [&](const Result<Response>&) {
      end = Clock::now();
      answered.release();
    }));
    answered.acquire();
    state.SetIterationTime(Seconds(end - begin).count());
  }
}
BENCHMARK(NullLone)->Args({1, 1})->Args({2, 1})->Args({3, 1})->Args({1, 602112})->UseManualTime()->Unit(benchmark::kMicrosecond);

// Argument: segments. Time per request when more wait than the window holds.
void NullSaturated(benchmark::State& state) {
  const std::unique_ptr<Runtime> runtime = two_workers();
  const std::unique_ptr<Flow> flow = null_flow(*runtime, static_cast<std::size_t>(state.range(0)));
  constexpr int unanswered = 64;
  std::counting_semaphore<unanswered> places(unanswered);
  for (auto _ : state) {
    places.acquire();
    expect(flow->submit(input_of(1), {}, [&](const Result<Response>&) { places.release(); }));
  }
  for (int i = 0; i < unanswered; ++i) places.acquire();
}
BENCHMARK(NullSaturated)->Arg(1)->Arg(2)->Arg(3)->UseRealTime()->Unit(benchmark::kMicrosecond);

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Workers without work use no processor: cores_used is near 0.
void Idle(benchmark::State& state) {
  const std::unique_ptr<Runtime> runtime = two_workers();
  const std::unique_ptr<Flow> flow = null_flow(*runtime, 1);
  const double before = cpu_seconds();
  const Clock::time_point begin = Clock::now();
  for (auto _ : state) std::this_thread::sleep_for(std::chrono::seconds(1));
  state.counters["cores_used"] = (cpu_seconds() - before) / Seconds(Clock::now() - begin).count();
}
BENCHMARK(Idle)->Iterations(1)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace staronnx
