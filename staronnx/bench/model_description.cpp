#include "staronnx/bench/model_description.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "staronnx/serve/datatype_name.h"

namespace staronnx {
namespace {

using nlohmann::json;

Result<std::vector<TensorInfo>> tensors_in(const json& tensors) {
  std::vector<TensorInfo> infos;
  for (const json& tensor : tensors) {
    Result<TensorInfo> info = described_tensor(tensor.at("name").get<std::string>(), tensor.at("datatype").get<std::string>(),
                                               tensor.at("shape").get<Shape>());
    if (!info) return info.error();
    infos.push_back(*std::move(info));
  }
  return infos;
}

Microseconds time_in(const json& statistics, const char* which) {
  return std::chrono::duration<double, std::nano>(statistics.at("inference_stats").at(which).at("ns").get<double>());
}

Error wrong(const char* what, const json::exception& failure) {
  return {ErrorCode::internal, std::string("its ") + what + " are not as the protocol says: " + failure.what()};
}

}  // namespace

Result<TensorInfo> described_tensor(std::string name, const std::string& datatype, Shape shape) {
  const std::optional<DataType> type = datatype_of(datatype);
  if (!type) return Error{ErrorCode::unsupported, "tensor '" + name + "' has the unknown datatype '" + datatype + "'"};
  TensorInfo info{.name = std::move(name), .type = *type, .shape = std::move(shape)};
  info.dimension_names.resize(info.shape.size());
  return info;
}

Result<Signature> signature_in(const std::string& text) {
  try {
    const json metadata = json::parse(text);
    Result<std::vector<TensorInfo>> inputs = tensors_in(metadata.at("inputs")), outputs = tensors_in(metadata.at("outputs"));
    if (!inputs) return inputs.error();
    if (!outputs) return outputs.error();
    return Signature{*std::move(inputs), *std::move(outputs)};
  } catch (const json::exception& failure) {
    return wrong("metadata", failure);
  }
}

Result<ServerStatistics> statistics_in(const std::string& text) {
  try {
    ServerStatistics sum;
    const json answer = json::parse(text);
    for (const json& version : answer.at("model_stats")) {
      sum.requests += version.at("inference_stats").at("success").at("count").get<std::uint64_t>();
      sum.executions += version.at("execution_count").get<std::uint64_t>();
      sum.queue += time_in(version, "queue");
      sum.compute_input += time_in(version, "compute_input");
      sum.compute_infer += time_in(version, "compute_infer");
      sum.compute_output += time_in(version, "compute_output");
    }
    return sum;
  } catch (const json::exception& failure) {
    return wrong("statistics", failure);
  }
}

}  // namespace staronnx
