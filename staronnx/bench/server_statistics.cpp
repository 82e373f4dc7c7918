#include "staronnx/bench/server_statistics.h"

namespace staronnx {

std::optional<ServerTimes> between(const ServerStatistics& before, const ServerStatistics& after) {
  if (after.requests <= before.requests || after.executions < before.executions) return std::nullopt;
  const std::uint64_t requests = after.requests - before.requests;
  const auto mean = [&](Microseconds ServerStatistics::*time) {
    return (after.*time - before.*time) / static_cast<double>(requests);
  };
  return ServerTimes{.requests = requests,
                     .executions = after.executions - before.executions,
                     .queue = mean(&ServerStatistics::queue),
                     .compute_input = mean(&ServerStatistics::compute_input),
                     .compute_infer = mean(&ServerStatistics::compute_infer),
                     .compute_output = mean(&ServerStatistics::compute_output)};
}

}  // namespace staronnx
