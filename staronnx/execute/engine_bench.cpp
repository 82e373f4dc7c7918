// What Executor::run costs beyond ONNX Runtime's own call, on the same optimised model: compare the two of a pair. And providers: the
// same model on ONNX Runtime's own code and on OpenVINO's, where the library has it, on the first one and two cores.
#include <benchmark/benchmark.h>
#include <onnxruntime_cxx_api.h>

#include <span>
#include <string>
#include <thread>
#include <vector>

#include "staronnx/base/temporary_directory.h"
#include "staronnx/execute/engine.h"
#include "staronnx/execute/testing/onnx_builder.h"
#include "staronnx/machine/affinity.h"

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

const bool added = [] {
  for (const Provider provider : available_providers()) add_models(provider);
  return true;
}();

BENCHMARK_CAPTURE(bare, relu, relu());
BENCHMARK_CAPTURE(executor, relu, relu());
BENCHMARK_CAPTURE(bare, squeezenet, squeezenet())->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(executor, squeezenet, squeezenet())->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace staronnx
