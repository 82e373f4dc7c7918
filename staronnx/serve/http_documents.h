// What clients ask of the server and its models, as the JSON that the protocol gives it. Pure; private to this room.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "staronnx/serve/catalog.h"
#include "staronnx/serve/server.h"

namespace staronnx {

std::string metadata_document(const ServerIdentity& identity);

// Of `model`, saying that there are `versions`.
std::string metadata_document(const ServedModel& model, std::span<const std::shared_ptr<ServedModel>> versions);

// As the protocol buffer prints it: snake_case, all fields of the basic kind, whole numbers as numbers.
std::string config_document(const ServedModel& model);

std::string statistics_document(std::span<const std::shared_ptr<ServedModel>> models);

std::string index_document(std::span<const ModelStatus> models, bool ready_only);

}  // namespace staronnx
