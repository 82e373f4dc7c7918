#include "staronnx/serve/http_documents.h"

#include <nlohmann/json.hpp>

#include "staronnx/serve/datatype_name.h"

namespace staronnx {
namespace {

using Json = nlohmann::ordered_json;

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Those that clients are told of, each as `describe` says it.
template <class Describe>
Json list_of(const std::vector<TensorInfo>& tensors, const Describe& describe) {
  Json list = Json::array();
  for (const TensorInfo& tensor : tensors) {
    if (!tensor.optional) list.push_back(describe(tensor));
  }
  return list;
}

Json metadata_of(const TensorInfo& tensor) {
  return {{"name", tensor.name}, {"datatype", datatype_name(tensor.type)}, {"shape", tensor.shape}};
}

Json dims_of(const TensorInfo& tensor, bool batched) {
  Json dims = Json::array();
  for (std::size_t i = batched ? 1 : 0; i < tensor.shape.size(); ++i) dims.push_back(tensor.shape[i]);
  return dims;
}

std::string config_type(DataType type) {
  return type == DataType::string ? "TYPE_STRING" : "TYPE_" + std::string(datatype_name(type));
}

Json config_of_input(const TensorInfo& tensor, bool batched) {
  return {{"name", tensor.name},        {"data_type", config_type(tensor.type)},
          {"format", "FORMAT_NONE"},    {"dims", dims_of(tensor, batched)},
          {"is_shape_tensor", false},   {"allow_ragged_batch", false},
          {"optional", tensor.optional}};
}

Json config_of_output(const TensorInfo& tensor, bool batched) {
  return {{"name", tensor.name},
          {"data_type", config_type(tensor.type)},
          {"dims", dims_of(tensor, batched)},
          {"label_filename", ""},
          {"is_shape_tensor", false}};
}

Json json_of(const DurationSum& sum) {
  return {{"count", sum.count}, {"ns", sum.total.count()}};
}

Json json_of(const StatisticsSnapshot& sums) {
  return {{"success", json_of(sums.success)},
          {"fail", json_of(sums.fail)},
          {"queue", json_of(sums.queue)},
          {"compute_input", json_of(sums.compute_input)},
          {"compute_infer", json_of(sums.compute_infer)},
          {"compute_output", json_of(sums.compute_output)},
          {"cache_hit", json_of(DurationSum())},
          {"cache_miss", json_of(DurationSum())}};
}

Json batches_of(const StatisticsSnapshot& sums) {
  Json list = Json::array();
  for (const auto& [size, batch] : sums.by_batch_size) {
    list.push_back({{"batch_size", size},
                    {"compute_input", json_of(batch.compute_input)},
                    {"compute_infer", json_of(batch.compute_infer)},
                    {"compute_output", json_of(batch.compute_output)}});
  }
  return list;
}

Json statistics_of(const ServedModel& model) {
  const StatisticsSnapshot sums = model.statistics().snapshot();
  const auto last = sums.last_inference.value_or(std::chrono::system_clock::time_point()).time_since_epoch();
  return {{"name", model.name()},
          {"version", std::to_string(model.version())},
          {"last_inference", std::chrono::duration_cast<std::chrono::milliseconds>(last).count()},
          {"inference_count", sums.inferences},
          {"execution_count", sums.executions()},
          {"inference_stats", json_of(sums)},
          {"batch_stats", batches_of(sums)},
          {"memory_usage", Json::array()}};
}

}  // namespace

std::string metadata_document(const ServerIdentity& identity) {
  return text_of({{"name", identity.name}, {"version", identity.version}, {"extensions", identity.extensions}});
}

std::string metadata_document(const ServedModel& model, std::span<const std::shared_ptr<ServedModel>> versions) {
  Json numbers = Json::array();
  for (const auto& version : versions) numbers.push_back(std::to_string(version->version()));
  return text_of({{"name", model.name()},
                  {"versions", numbers},
                  {"platform", "onnxruntime_onnx"},
                  {"inputs", list_of(model.signature().inputs, metadata_of)},
                  {"outputs", list_of(model.signature().outputs, metadata_of)}});
}

std::string config_document(const ServedModel& model) {
  const std::int64_t max_batch_size = model.settings().max_batch_size;
  const auto input = [&](const TensorInfo& tensor) { return config_of_input(tensor, max_batch_size > 0); };
  const auto output = [&](const TensorInfo& tensor) { return config_of_output(tensor, max_batch_size > 0); };
  return text_of({{"name", model.name()},
                  {"platform", "onnxruntime_onnx"},
                  {"backend", "onnxruntime"},
                  {"runtime", ""},
                  {"version_policy", {{"latest", {{"num_versions", 1}}}}},
                  {"max_batch_size", max_batch_size},
                  {"input", list_of(model.signature().inputs, input)},
                  {"output", list_of(model.signature().outputs, output)},
                  {"batch_input", Json::array()},
                  {"batch_output", Json::array()},
                  {"instance_group", Json::array()},
                  {"default_model_filename", "model.onnx"},
                  {"cc_model_filenames", Json::object()},
                  {"metric_tags", Json::object()},
                  {"parameters", Json::object()},
                  {"model_warmup", Json::array()}});
}

std::string statistics_document(std::span<const std::shared_ptr<ServedModel>> models) {
  Json list = Json::array();
  for (const auto& model : models) list.push_back(statistics_of(*model));
  return text_of({{"model_stats", list}});
}

std::string index_document(std::span<const ModelStatus> models, bool ready_only) {
  Json list = Json::array();
  for (const ModelStatus& model : models) {
    if (ready_only && model.state != ModelState::ready) continue;
    list.push_back({{"name", model.name},
                    {"version", std::to_string(model.version)},
                    {"state", to_string(model.state)},
                    {"reason", model.reason}});
  }
  return text_of(list);
}

}  // namespace staronnx
