#include "staronnx/schedule/gpu_choice.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>
#include <utility>

#include "staronnx/model/difference.h"

namespace staronnx {
namespace {

// The first readies libraries; of the others the quickest counts.
constexpr int kRuns = 6;

// TensorRT must save this share of the time. Two measurements of the same differ by about as much.
constexpr double kWorthwhile = 0.03;

struct Trial {
  Microseconds time{std::numeric_limits<double>::infinity()};
  std::vector<Tensor> outputs;
};

std::string in_ms(Microseconds time) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3g ms", Milliseconds(time).count());
  return text.data();
}

// Outputs find no buffers, so they come to the host.
Result<Trial> try_out(GpuExecutor& executor, std::span<const Tensor> inputs, const std::function<Clock::time_point()>& now) {
  std::vector<TensorView> here;
  for (const Tensor& input : inputs) here.push_back(input.view());
  const Result<InputsOnGpu> there = copy_to_gpu(executor, here);
  if (!there) return there.error();
  Trial trial;
  std::vector<OutputSlot> outputs(executor.signature().outputs.size());
  for (int run = 0; run < kRuns; ++run) {
    const Clock::time_point begin = now();
    if (Status ran = executor.enqueue(there->views, outputs); !ran) return ran.error();
    if (Status done = executor.synchronize(); !done) return done.error();
    if (run > 0) trial.time = std::min<Microseconds>(trial.time, now() - begin);
  }
  for (const OutputSlot& output : outputs) trial.outputs.push_back(copy_of(output.view));
  return trial;
}

// Why TensorRT's results are not CUDA's; empty when they are.
std::string apart(std::span<const Tensor> tensorrt, std::span<const Tensor> cuda, const Signature& signature) {
  for (std::size_t i = 0; i < cuda.size(); ++i) {
    const std::string name = "its '" + signature.outputs[i].name + "' is not CUDA's";
    const Result<Difference> difference = staronnx::difference(tensorrt[i].view(), cuda[i].view(), tf32_tolerance);
    if (!difference) return name + ": " + difference.error().message;
    if (!difference->equal) return name + " (apart by " + std::to_string(difference->max_rel) + " of the largest value)";
  }
  return {};
}

}  // namespace

Result<GpuChoice> choose_on_gpu(GpuExecutor& cuda, GpuExecutor& tensorrt, std::span<const Tensor> inputs,
                                const std::function<Clock::time_point()>& now) {
  Result<Trial> with_cuda = try_out(cuda, inputs, now);
  if (!with_cuda) return with_cuda.error();
  GpuChoice choice{GpuProvider::cuda, {}, std::move(with_cuda->outputs)};
  const Result<Trial> with_tensorrt = try_out(tensorrt, inputs, now);
  if (!with_tensorrt) {
    choice.why = "CUDA, as TensorRT fails: " + with_tensorrt.error().message;
  } else if (const std::string why = apart(with_tensorrt->outputs, choice.outputs, cuda.signature()); !why.empty()) {
    choice.why = "CUDA and not TensorRT: " + why;
  } else {
    const bool faster = with_tensorrt->time < (1 - kWorthwhile) * with_cuda->time;
    choice.provider = faster ? GpuProvider::tensorrt : GpuProvider::cuda;
    choice.why = std::string(faster ? "TensorRT" : "CUDA") + " (TensorRT takes " + in_ms(with_tensorrt->time) + ", CUDA " +
                 in_ms(with_cuda->time) + ")";
  }
  return choice;
}

}  // namespace staronnx
