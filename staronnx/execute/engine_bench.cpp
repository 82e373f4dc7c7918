// What Executor::run costs beyond ONNX Runtime's own call, on the same optimised model: compare the two of a pair. Providers: the
// same model on ONNX Runtime's own code and on OpenVINO's, where the library has it, on the first one and two cores. Spinning: the same
// model on the first two cores, with threads that spin while a run lasts and with such that sleep. Sessions: the memory that
// 1, 2 and 4 of them add. Coming back: runs of a model that is in memory (0), and of one that gave back its weights before each (1).
#include <benchmark/benchmark.h>
#include <onnxruntime_cxx_api.h>

#include <onnxruntime_session_options_config_keys.h>

#include <malloc.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "staronnx/base/expect_for_bench.h"
#include "staronnx/base/temporary_directory.h"
#include "staronnx/execute/engine.h"
#include "staronnx/execute/ort.h"
#include "staronnx/execute/session_executor.h"
#include "staronnx/execute/testing/onnx_builder.h"
#include "staronnx/machine/affinity.h"
#include "staronnx/model/model.h"

namespace staronnx {
namespace {

// A model file and one input for it.
struct Case {
  TemporaryDirectory folder = *TemporaryDirectory::create();
  std::filesystem::path file;
  Tensor input;
};

Case squeezenet() {
  Case made;
  made.file = testing::light_model("squeezenet");
  made.input = testing::light_input();
  return made;
}

// A model that takes no time.
Case relu() {
  Case made;
  made.file = made.folder.path() / "relu.onnx";
  made.input = Tensor(DataType::float32, {4}, 16);
  onnx::GraphProto graph;
  testing::add_input(graph, "x", DataType::float32, {4});
  testing::add_output(graph, "y", DataType::float32, {4});
  testing::add_node(graph, "Relu", {"x"}, {"y"});
  testing::write_model(testing::model_of(graph), made.file);
  return made;
}

void bare(benchmark::State& state, Case made) {
  const Ort::Env environment(ORT_LOGGING_LEVEL_FATAL);
  Ort::SessionOptions options;
  options.SetIntraOpNumThreads(1);
  Ort::Session session(environment, made.file.c_str(), options);
  const Ort::AllocatorWithDefaultOptions allocator;
  const auto input_name = session.GetInputNameAllocated(0, allocator);
  const auto output_name = session.GetOutputNameAllocated(0, allocator);
  const char* const input_names[] = {input_name.get()};
  const char* const output_names[] = {output_name.get()};
  const auto memory = Ort::MemoryInfo::CreateCpu(OrtDeviceAllocator, OrtMemTypeDefault);
  const Shape& shape = made.input.shape();
  const Ort::Value input = Ort::Value::CreateTensor(memory, made.input.data().data(), made.input.data().size(), shape.data(),
                                                    shape.size(), ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT);
  for (auto _ : state) {
    benchmark::DoNotOptimize(session.Run(Ort::RunOptions{nullptr}, input_names, &input, 1, output_names, 1));
  }
}

void executor(benchmark::State& state, Case made) {
  const auto engine = *Engine::create();
  const auto prepared = *engine->prepare(made.file, CoreGroup{{0}, 0});
  const TensorView input = made.input.view();
  std::vector<std::byte> buffer(8192);
  OutputSlot output;
  output.buffer = buffer;
  for (auto _ : state) benchmark::DoNotOptimize(prepared->run({&input, 1}, {&output, 1}).ok());
}

double resident_mib() {
  malloc_trim(0);
  std::ifstream statm("/proc/self/statm");
  double size = 0, resident = 0;
  statm >> size >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 20);
}

// Four groups that differ and share the first two cores, so that each gets a session.
std::vector<CoreGroup> groups_of_two() {
  const CoreGroup both = expect(core_groups(expect(detect_machine()), "2")).front();
  const int first = both.cores[0], second = both.cores[1];
  return {both, {{second, first}, 0}, {{first, first}, 0}, {{second, second}, 0}};
}

// What sessions add to the resident memory of the process, once each has run.
void hold_sessions(benchmark::State& state, const std::string& model) {
  const Tensor tensor = testing::light_input();
  const TensorView input = tensor.view();
  for (auto _ : state) {
    const auto engine = expect(Engine::create());
    const double before = resident_mib();
    std::vector<std::shared_ptr<Executor>> executors;
    const std::vector<CoreGroup> groups = groups_of_two();
    for (const CoreGroup& group : std::span(groups).first(static_cast<std::size_t>(state.range(0)))) {
      executors.push_back(expect(engine->prepare(testing::light_model(model), group)));
      OutputSlot output;
      if (!executors.back()->run({&input, 1}, {&output, 1})) return state.SkipWithError("the model does not run");
    }
    state.counters["MiB"] = resident_mib() - before;
  }
}

// A run, and one whose model comes back for it and gives back afterwards: with a budget of a byte.
void run_coming_back(benchmark::State& state, const std::string& model) {
  const auto engine = expect(Engine::create({.weights_budget = state.range(0) == 1 ? std::optional(Bytes{1}) : std::nullopt}));
  const auto executor =
      expect(engine->prepare(testing::light_model(model), expect(core_groups(expect(detect_machine()), "1")).front()));
  const Tensor tensor = testing::light_input();
  const TensorView input = tensor.view();
  OutputSlot output;
  for (auto _ : state) benchmark::DoNotOptimize(executor->run({&input, 1}, {&output, 1}).ok());
}

// As a worker does it: on a thread of its own, pinned to the group's first core.
void run_pinned(benchmark::State& state, const std::string& model, Provider provider) {
  const Machine machine = *detect_machine();
  const Result<std::vector<CoreGroup>> groups = core_groups(machine, std::to_string(state.range(0)));
  if (!groups) return state.SkipWithError(groups.error().message.c_str());
  const CoreGroup& group = groups->front();
  if (!pin_this_thread(std::span(group.cores).first(1))) return state.SkipWithError("cannot be pinned");
  const auto engine = *Engine::create();
  const auto prepared = engine->prepare(testing::light_model(model), group, provider);
  if (!prepared) return state.SkipWithError(prepared.error().message.c_str());
  const Tensor tensor = testing::light_input();
  const TensorView input = tensor.view();
  OutputSlot output;
  for (auto _ : state) benchmark::DoNotOptimize((*prepared)->run({&input, 1}, {&output, 1}).ok());
}

void run_with(benchmark::State& state, const std::string& model, Provider provider) {
  std::thread([&] { run_pinned(state, model, provider); }).join();
}

// Keeps a core busy until it is stopped, as another program does.
void hog(const std::stop_token& stop, int core) {
  if (!pin_this_thread({&core, 1})) return;
  while (!stop.stop_requested()) {
  }
}

void run_spinning(benchmark::State& state, const std::string& model, bool spins) {
  const CoreGroup group = expect(core_groups(expect(detect_machine()), "2")).front();
  if (!pin_this_thread(std::span(group.cores).first(1))) return state.SkipWithError("cannot be pinned");
  const auto environment = std::make_shared<Ort::Env>(ort::quiet_environment());
  Ort::SessionOptions options = ort::options_for(group);
  options.AddConfigEntry(kOrtSessionOptionsConfigAllowIntraOpSpinning, spins ? "1" : "0");
  const std::filesystem::path file = testing::light_model(model);
  SessionExecutor executor(model, expect(Model::load(file)).signature(), environment,
                           Ort::Session(*environment, file.c_str(), options));
  const Tensor tensor = testing::light_input();
  const TensorView input = tensor.view();
  OutputSlot output;
  std::vector<std::jthread> others;
  for (std::int64_t i = 0; i < state.range(0); ++i) others.emplace_back(hog, group.cores[static_cast<std::size_t>(1 - i)]);
  for (auto _ : state) benchmark::DoNotOptimize(executor.run({&input, 1}, {&output, 1}).ok());
}

void run_spinning_or_not(benchmark::State& state, const std::string& model, bool spins) {
  std::thread([&] { run_spinning(state, model, spins); }).join();
}

// The argument: how many of the two cores another program keeps busy, the last first.
void add_spinning() {
  for (const char* model : {"squeezenet", "resnet50", "densenet121"}) {
    for (const bool spins : {true, false}) {
      const std::string name = std::string("spinning/") + model + (spins ? "/spins" : "/sleeps");
      benchmark::RegisterBenchmark(name.c_str(), run_spinning_or_not, model, spins)
          ->DenseRange(0, 2)
          ->UseRealTime()
          ->Unit(benchmark::kMillisecond);
    }
  }
}

void add_models(Provider provider) {
  for (const char* model : {"squeezenet", "resnet50", "densenet121"}) {
    const std::string name = std::string("provider/") + model + "/" + std::string(to_string(provider));
    benchmark::RegisterBenchmark(name.c_str(), run_with, model, provider)
        ->Arg(1)
        ->Arg(2)
        ->UseRealTime()
        ->Unit(benchmark::kMillisecond);
  }
}

void add_sessions() {
  for (const char* model : {"squeezenet", "resnet50", "densenet121"}) {
    const std::string name = std::string("sessions/") + model;
    benchmark::RegisterBenchmark(name.c_str(), hold_sessions, model)
        ->RangeMultiplier(2)
        ->Range(1, 4)
        ->Iterations(1)
        ->Unit(benchmark::kMillisecond);
  }
}

void add_coming_back() {
  for (const char* model : {"squeezenet", "resnet50", "densenet121"}) {
    const std::string name = std::string("coming_back/") + model;
    benchmark::RegisterBenchmark(name.c_str(), run_coming_back, model)
        ->Arg(0)
        ->Arg(1)
        ->UseRealTime()
        ->Unit(benchmark::kMillisecond);
  }
}

const bool added = [] {
  for (const Provider provider : available_providers()) add_models(provider);
  add_spinning();
  add_sessions();
  add_coming_back();
  return true;
}();

BENCHMARK_CAPTURE(bare, relu, relu());
BENCHMARK_CAPTURE(executor, relu, relu());
BENCHMARK_CAPTURE(bare, squeezenet, squeezenet())->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(executor, squeezenet, squeezenet())->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace staronnx
