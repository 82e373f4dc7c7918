#include "staronnx/serve/http_documents.h"

#include <nlohmann/json.hpp>

#include "staronnx/serve/datatype_name.h"
#include "staronnx/serve/message_json.h"
#include "staronnx/serve/proto/model_config.pb.h"

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

Json sum_of(const DurationSum& sum) {
  return {{"count", sum.count}, {"ns", sum.total.count()}};
}

Json inference_stats_of(const StatisticsSnapshot& sums) {
  return {{"success", sum_of(sums.success)},
          {"fail", sum_of(sums.fail)},
          {"queue", sum_of(sums.queue)},
          {"compute_input", sum_of(sums.compute_input)},
          {"compute_infer", sum_of(sums.compute_infer)},
          {"compute_output", sum_of(sums.compute_output)},
          {"cache_hit", sum_of(DurationSum())},
          {"cache_miss", sum_of(DurationSum())}};
}

Json batches_of(const StatisticsSnapshot& sums) {
  Json list = Json::array();
  for (const auto& [size, batch] : sums.by_batch_size) {
    list.push_back({{"batch_size", size},
                    {"compute_input", sum_of(batch.compute_input)},
                    {"compute_infer", sum_of(batch.compute_infer)},
                    {"compute_output", sum_of(batch.compute_output)}});
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
          {"inference_stats", inference_stats_of(sums)},
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
  return json_of(model.config().message());
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
