#include "staronnx/plan/gpu_speeds.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "staronnx/base/deadline.h"
#include "staronnx/execute/gpu_executor.h"
#include "staronnx/plan/words.h"

namespace staronnx {
namespace {

// Before any is measured: libraries are readied, then the run is recorded (recorded_runs.h).
constexpr int kFirstRuns = 3;
constexpr std::size_t kFewestRuns = 5;
constexpr Microseconds kEnough{100'000};

Status run(GpuExecutor& executor, std::span<const TensorView> inputs, std::span<OutputSlot> outputs) {
  Status ran = executor.enqueue(inputs, outputs);
  return ran ? executor.synchronize() : ran;
}

Result<Microseconds> time_on(GpuExecutor& executor, const std::map<std::string, Tensor>& tensors) {
  const Result<InputsOnGpu> inputs = copy_to_gpu(executor, input_views(executor.signature(), tensors));
  if (!inputs) return inputs.error();
  std::vector<OutputSlot> outputs(executor.signature().outputs.size());
  if (Status sizes = run(executor, inputs->views, outputs); !sizes) return sizes.error();
  std::vector<GpuMemory> memory;
  for (OutputSlot& output : outputs) {
    Result<GpuMemory> there = executor.allocate(output.view.data.size());
    if (!there) return there.error();
    output.buffer = there->bytes;
    memory.push_back(*std::move(there));
  }
  for (int first = 0; first < kFirstRuns; ++first) {
    if (Status ran = run(executor, inputs->views, outputs); !ran) return ran.error();
  }
  std::vector<Microseconds> times;
  for (const Clock::time_point start = Clock::now(); times.size() < kFewestRuns || Clock::now() - start < kEnough;) {
    const Clock::time_point begin = Clock::now();
    if (Status ran = run(executor, inputs->views, outputs); !ran) return ran.error();
    times.emplace_back(Clock::now() - begin);
  }
  std::ranges::nth_element(times, times.begin() + std::ssize(times) / 2);
  return times[times.size() / 2];
}

Result<Microseconds> time_on(const Gpu& gpu, Engine& engine, const Study& study, const std::filesystem::path& directory,
                             SegmentCosts& costs) {
  const std::string question = "nanoseconds of the whole model on a " + gpu.name;
  if (const std::optional<std::size_t> known = costs.remembered(question)) return Microseconds(std::chrono::nanoseconds(*known));
  const Result<std::unique_ptr<GpuExecutor>> executor = engine.prepare_on_gpu(directory / whole_file, {.ordinal = gpu.ordinal});
  if (!executor) return executor.error();
  Result<Microseconds> time = time_on(**executor, study.named_inputs());
  if (time)
    costs.remember(question, static_cast<std::size_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(*time).count()));
  return time;
}

}  // namespace

MeasuredGpus measure_gpus(const Machine& machine, Engine& engine, const Study& study, const std::filesystem::path& directory,
                          Microseconds on_a_core, SegmentCosts& costs) {
  MeasuredGpus measured{machine, {}};
  std::map<std::string, std::optional<double>> speeds;  // by name; none where it does not run the model
  measured.machine.gpus.clear();
  for (Gpu gpu : machine.gpus) {
    if (const auto [speed, first] = speeds.try_emplace(gpu.name, gpu.speed); first && !gpu.speed) {
      const Result<Microseconds> time = time_on(gpu, engine, study, directory, costs);
      if (time) speed->second = on_a_core / *time;
      measured.said.push_back(time ? gpu.name + " is " + number(*speed->second) + " times as fast as one core (measured)"
                                   : gpu.name + " does not run the model: " + time.error().message);
    }
    if (!gpu.speed) gpu.speed = speeds[gpu.name];
    if (gpu.speed) measured.machine.gpus.push_back(std::move(gpu));
  }
  return measured;
}

}  // namespace staronnx
