// The log's settings as clients read and change them. Private to this room.
#pragma once

#include <string>
#include <string_view>

#include "staronnx/base/result.h"
#include "staronnx/serve/log.h"
#include "staronnx/serve/proto/grpc_service.pb.h"

namespace staronnx {

// log_file, log_info, log_warning, log_error, log_verbose_level, log_format.
inference::LogSettingsResponse settings_of(const Log& log);

// Takes all settings of the request or, when one of them is unknown, cannot be changed while the server runs, or has no such value, none.
Status change(Log& log, const inference::LogSettingsRequest& request);

// {"log_verbose_level": 1, ..}; values that no setting can have are left without a choice, which change() refuses by name.
Result<inference::LogSettingsRequest> parse_log_settings(std::string_view body);
std::string json_of(const inference::LogSettingsResponse& settings);

}  // namespace staronnx
