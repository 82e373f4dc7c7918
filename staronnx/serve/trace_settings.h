// What is traced, as clients read and change it. Private to this room.
#pragma once

#include <string>
#include <string_view>

#include "staronnx/base/result.h"
#include "staronnx/serve/proto/grpc_service.pb.h"
#include "staronnx/serve/server.h"

namespace staronnx {

// trace_level, trace_rate, trace_count, trace_mode, and of the mode triton log_frequency and trace_file: of a model, or of the server ("").
inference::TraceSettingResponse settings_of(const Tracer& tracer, const std::string& model);

// Takes all settings of the request, for the model or the server that it names; or none, when one of them is unknown, cannot be changed while the
// server runs, or has no such value. A setting without a value goes back to what holds without it.
Status change(const Tracer& tracer, const inference::TraceSettingRequest& request);

// Answers the request: takes the changes, if there are any, and says the settings. Fails as change(), and as Catalog::find() for a model that is not there.
Result<inference::TraceSettingResponse> trace_setting(const Server& server, const inference::TraceSettingRequest& request);

// {"trace_level": ["TIMESTAMPS"], "trace_rate": "100", "trace_count": null}. Fails (invalid_argument), naming it, for a value that no setting has.
Result<inference::TraceSettingRequest> parse_trace_settings(std::string_view body);
std::string json_of(const inference::TraceSettingResponse& settings);

}  // namespace staronnx
