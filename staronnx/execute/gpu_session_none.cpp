#include "staronnx/execute/gpu_session.h"

namespace staronnx {
namespace {

Error no_cuda(const std::filesystem::path& model, int ordinal) {
  return Error{ErrorCode::unsupported, "'" + model.string() + "' cannot run on GPU " + std::to_string(ordinal) +
                                           ": this build knows no CUDA; build with scripts/build --gpu"};
}

}  // namespace

Status check_tensorrt() {
  return Error{ErrorCode::unsupported, "this build has no TensorRT, which runs on GPUs only; build with scripts/build --gpu"};
}

Result<std::unique_ptr<GpuExecutor>> open_on_gpu(std::shared_ptr<const Ort::Env>, const std::filesystem::path& model,
                                                 const GpuPlace& place, const std::filesystem::path&) {
  return no_cuda(model, place.ordinal);
}

Result<Ort::Session> open_plain_on_gpu(const Ort::Env&, const std::filesystem::path& model, int ordinal) {
  return no_cuda(model, ordinal);
}

}  // namespace staronnx
