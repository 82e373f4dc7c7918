// What clients may say with a request to load or to unload a model. Private to this room.
#pragma once

#include <string_view>

#include "staronnx/base/result.h"
#include "staronnx/serve/proto/grpc_service.pb.h"
#include "staronnx/serve/repository_control.h"

namespace staronnx {

// The body of such a request over HTTP, which may be empty: its parameters as gRPC has them. invalid_argument.
Result<inference::RepositoryModelLoadRequest> parse_load_request(std::string_view body);
Result<inference::RepositoryModelUnloadRequest> parse_unload_request(std::string_view body);

// What the client sends of the model itself. Other parameters are refused by name, as are files without a configuration: unsupported or
// invalid_argument.
Result<GivenModel> given_model(const inference::RepositoryModelLoadRequest& request);

// Whether ensembles that need the model are to be unloaded, too. The same refusals.
Result<bool> unloads_dependents(const inference::RepositoryModelUnloadRequest& request);

}  // namespace staronnx
