// Sessions of the CUDA execution provider. Private to this room. gpu_session_cuda.cpp in builds with STARONNX_WITH_CUDA; in others every
// call fails (unsupported).
//
// Convolutions: cuDNN's heuristic chooses the algorithm (`HEURISTIC`). ONNX Runtime's default measures all of them at the first run of
// every shape, which takes up to seconds and the memory of the greediest.
//
// TensorRT. What it builds of a model is kept in a folder, by model, GPU and its version, as are its timings. ONNX Runtime's code for it is
// in the wheel; TensorRT itself is the user's to install.
//
// Memory. A session has an arena of its own on the GPU, whose blocks are as large as asked for (`kSameAsRequested`), not the next power
// of two. Sessions share no weights there.
//
// Precision. As ONNX Runtime does, so this lets the GPU compute float32 convolutions and matrix products with TF32, which keeps ten bits
// of the fraction. NVIDIA's libraries do without when NVIDIA_TF32_OVERRIDE=0 is in the environment.
#pragma once

#include <filesystem>
#include <memory>

#include "staronnx/base/result.h"
#include "staronnx/execute/gpu_executor.h"
#include "staronnx/execute/ort.h"

namespace staronnx {

// Fails, saying how to get it, where TensorRT does not load.
Status check_tensorrt();

// Throw Ort::Exception, also where there is no GPU, no driver, or a library that the provider needs is missing.
Result<std::unique_ptr<GpuExecutor>> open_on_gpu(std::shared_ptr<const Ort::Env> environment, const std::filesystem::path& model,
                                                 const GpuPlace& place, const std::filesystem::path& tensorrt);

// As ONNX Runtime's users open one: its defaults, a stream of its own, inputs and outputs in the host's memory.
Result<Ort::Session> open_plain_on_gpu(const Ort::Env& environment, const std::filesystem::path& model, int ordinal);

}  // namespace staronnx
