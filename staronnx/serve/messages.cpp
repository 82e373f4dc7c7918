#include "staronnx/serve/messages.h"

#include <algorithm>
#include <string>

#include "staronnx/serve/datatype_name.h"
#include "staronnx/serve/proto/model_config.pb.h"

namespace staronnx {
namespace {

using inference::ModelMetadataResponse;

void describe(std::span<const TensorInfo> tensors,
              google::protobuf::RepeatedPtrField<ModelMetadataResponse::TensorMetadata>& list) {
  for (const TensorInfo& tensor : tensors) {
    ModelMetadataResponse::TensorMetadata& metadata = *list.Add();
    metadata.set_name(tensor.name);
    metadata.set_datatype(std::string(datatype_name(tensor.type)));
    metadata.mutable_shape()->Assign(tensor.shape.begin(), tensor.shape.end());
  }
}

void put(const DurationSum& sum, inference::StatisticDuration& duration) {
  duration.set_count(sum.count);
  duration.set_ns(static_cast<std::uint64_t>(sum.total.count()));
}

void put(const StatisticsSnapshot& sums, inference::InferStatistics& statistics) {
  put(sums.success, *statistics.mutable_success());
  put(sums.fail, *statistics.mutable_fail());
  put(sums.queue, *statistics.mutable_queue());
  put(sums.compute_input, *statistics.mutable_compute_input());
  put(sums.compute_infer, *statistics.mutable_compute_infer());
  put(sums.compute_output, *statistics.mutable_compute_output());
  put({}, *statistics.mutable_cache_hit());
  put({}, *statistics.mutable_cache_miss());
}

void put(std::int64_t batch_size, const BatchStatistics& sums, inference::InferBatchStatistics& statistics) {
  statistics.set_batch_size(static_cast<std::uint64_t>(batch_size));
  put(sums.compute_input, *statistics.mutable_compute_input());
  put(sums.compute_infer, *statistics.mutable_compute_infer());
  put(sums.compute_output, *statistics.mutable_compute_output());
}

void put(const ServedModel& model, inference::ModelStatistics& statistics) {
  const StatisticsSnapshot sums = model.statistics().snapshot();
  const auto last = sums.last_inference.value_or(std::chrono::system_clock::time_point()).time_since_epoch();
  statistics.set_name(model.name());
  statistics.set_version(std::to_string(model.version()));
  statistics.set_last_inference(static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(last).count()));
  statistics.set_inference_count(sums.inferences);
  statistics.set_execution_count(sums.executions());
  put(sums, *statistics.mutable_inference_stats());
  for (const auto& [size, batch] : sums.by_batch_size) put(size, batch, *statistics.add_batch_stats());
}

}  // namespace

inference::ServerMetadataResponse metadata_of(const ServerIdentity& identity) {
  inference::ServerMetadataResponse metadata;
  metadata.set_name(identity.name);
  metadata.set_version(identity.version);
  for (const std::string& extension : identity.extensions) metadata.add_extensions(extension);
  return metadata;
}

ModelMetadataResponse metadata_of(const ServedModel& model, std::span<const std::shared_ptr<ServedModel>> versions) {
  ModelMetadataResponse metadata;
  metadata.set_name(model.name());
  for (const auto& version : versions) metadata.add_versions(std::to_string(version->version()));
  metadata.set_platform(model.config().message().platform());
  const Signature& clients = model.signature().clients();
  describe(std::span(clients.inputs).first(model.signature().listed_inputs()), *metadata.mutable_inputs());
  describe(clients.outputs, *metadata.mutable_outputs());
  return metadata;
}

inference::ModelStatisticsResponse statistics_of(std::span<const std::shared_ptr<ServedModel>> models) {
  inference::ModelStatisticsResponse statistics;
  for (const auto& model : models) put(*model, *statistics.add_model_stats());
  return statistics;
}

inference::SystemSharedMemoryStatusResponse::RegionStatus status_of(const SharedRegion& region) {
  inference::SystemSharedMemoryStatusResponse::RegionStatus status;
  status.set_name(region.name);
  status.set_key(region.key);
  status.set_offset(region.offset);
  status.set_byte_size(region.byte_size);
  return status;
}

inference::CudaSharedMemoryStatusResponse::RegionStatus status_of(const CudaRegion& region) {
  inference::CudaSharedMemoryStatusResponse::RegionStatus status;
  status.set_name(region.name);
  status.set_device_id(static_cast<std::uint64_t>(region.device));
  status.set_byte_size(region.byte_size);
  return status;
}

inference::RepositoryIndexResponse index_of(std::span<const ModelStatus> models, bool ready_only) {
  inference::RepositoryIndexResponse index;
  for (const ModelStatus& model : models) {
    if (ready_only && model.state != ModelState::ready) continue;
    auto& entry = *index.add_models();
    entry.set_name(model.name);
    if (model.version > 0) entry.set_version(std::to_string(model.version));
    entry.set_state(std::string(to_string(model.state)));
    entry.set_reason(model.reason);
  }
  return index;
}

}  // namespace staronnx
