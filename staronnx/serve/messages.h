// What clients ask of the server and its models, as the protocol's messages; HTTP writes them as JSON (message_json.h). Pure; private to
// this room.
#pragma once

#include <memory>
#include <span>

#include "staronnx/serve/catalog.h"
#include "staronnx/serve/proto/grpc_service.pb.h"
#include "staronnx/serve/server.h"
#include "staronnx/serve/shared_memory.h"

namespace staronnx {

inference::ServerMetadataResponse metadata_of(const ServerIdentity& identity);

// Of `model`, saying that there are `versions`.
inference::ModelMetadataResponse metadata_of(const ServedModel& model, std::span<const std::shared_ptr<ServedModel>> versions);

inference::ModelStatisticsResponse statistics_of(std::span<const std::shared_ptr<ServedModel>> models);

inference::SystemSharedMemoryStatusResponse::RegionStatus status_of(const SharedRegion& region);
inference::CudaSharedMemoryStatusResponse::RegionStatus status_of(const CudaRegion& region);

inference::RepositoryIndexResponse index_of(std::span<const ModelStatus> models, bool ready_only);

}  // namespace staronnx
