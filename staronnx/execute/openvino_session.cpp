#include "staronnx/execute/openvino_session.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <onnxruntime_session_options_config_keys.h>

namespace staronnx {
namespace {

// `pool`: whose threads compute the nodes that OpenVINO does not take.
Ort::SessionOptions options_for(const CoreGroup& group, const CoreGroup& pool) {
  Ort::SessionOptions options = ort::options_for(pool);
  options.SetGraphOptimizationLevel(ORT_ENABLE_ALL);
  options.AppendExecutionProvider_OpenVINO_V2({{"device_type", "CPU"},
                                               {"precision", "FP32"},  // else bfloat16 where the processor has it
                                               {"num_streams", "1"},
                                               {"num_of_threads", std::to_string(group.width())},
                                               {"load_config", R"({"CPU": {"ENABLE_CPU_PINNING": "NO"}})"}});
  return options;
}

}  // namespace

Status check_openvino_takes(const Signature& signature) {
  for (const std::vector<TensorInfo>& tensors : {signature.inputs, signature.outputs}) {
    for (const TensorInfo& tensor : tensors) {
      if (!tensor.any_shape && std::ranges::count(tensor.shape, -1) == 0) continue;
      return Error{ErrorCode::unsupported,
                   "'" + tensor.name +
                       "' has an open dimension, and OpenVINO does not always notice tensors that do not fit "
                       "together; plan the model again, or give it fixed shapes"};
    }
  }
  return {};
}

OpenvinoSession open_with_openvino(const Ort::Env& environment, const std::filesystem::path& model, const CoreGroup& group) {
  try {
    Ort::SessionOptions options = options_for(group, CoreGroup{{group.cores.front()}, group.numa_node});
    options.AddConfigEntry(kOrtSessionOptionsDisableCPUEPFallback, "1");
    return {Ort::Session(environment, model.c_str(), options), {}};
  } catch (const Ort::Exception&) {
    // Most likely there are nodes that OpenVINO does not take. If this was another failure, it comes again.
    Ort::Session session(environment, model.c_str(), options_for(group, group));
    return {std::move(session), "OpenVINO does not take all nodes; ONNX Runtime's own provider computes the others"};
  }
}

}  // namespace staronnx
