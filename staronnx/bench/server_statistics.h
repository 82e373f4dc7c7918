// What a server says of the time that requests spent in it.
#pragma once

#include <cstdint>
#include <optional>

#include "staronnx/base/units.h"

namespace staronnx {

// Sums over all requests with a result since the server loaded the model, as the protocol's statistics have them.
struct ServerStatistics {
  std::uint64_t requests = 0;
  std::uint64_t executions = 0;  // fewer than requests where several were computed at once
  Microseconds queue{}, compute_input{}, compute_infer{}, compute_output{};
};

// Of the requests between two moments: how many, and means of each.
struct ServerTimes {
  std::uint64_t requests = 0;
  std::uint64_t executions = 0;
  Microseconds queue{}, compute_input{}, compute_infer{}, compute_output{};
};

// Nothing without requests between them, or when the server has begun anew.
std::optional<ServerTimes> between(const ServerStatistics& before, const ServerStatistics& after);

}  // namespace staronnx
