#include "staronnx/serve/queue_options.h"

#include <algorithm>
#include <climits>

namespace staronnx {
namespace {

// Beyond them clocks and urgencies would overflow; nobody waits so long, or has so many levels.
constexpr Seconds kLongestTimeout{1e7};
constexpr std::uint64_t kLowestPriority = 1'000'000;

// From a level of the protocol, where 1 goes first.
unsigned priority_of(std::uint64_t level) {
  return static_cast<unsigned>(std::clamp<std::uint64_t>(level, 1, kLowestPriority) - 1);
}

}  // namespace

PipelineOptions pipeline_options(const ModelSettings& settings) {
  PipelineOptions options;
  options.queue = settings.queue.max_queue_size;
  for (const auto& [level, policy] : settings.queues) options.queues[priority_of(level)] = policy.max_queue_size;
  options.share = settings.share;
  options.in_order = settings.in_order;
  options.batch_wait = std::min<Microseconds>(settings.batch_wait, kLongestTimeout);
  options.preferred_batches = settings.preferred_batches;
  if (options.preferred_batches.empty() && settings.max_batch_size > 0)
    options.preferred_batches.push_back(static_cast<std::size_t>(settings.max_batch_size));
  return options;
}

RequestOptions request_options(const ModelSettings& settings, const InferenceRequest& request, std::int64_t rows,
                               Clock::time_point arrival) {
  const std::uint64_t lowest = settings.priority_levels > 0 ? settings.priority_levels : kLowestPriority;
  const bool own_priority = request.priority > 0 && request.priority <= lowest;
  const std::uint64_t level = own_priority ? request.priority : settings.default_priority;
  const auto own = settings.queues.find(level);
  const QueuePolicy& policy = own == settings.queues.end() ? settings.queue : own->second;
  const bool own_timeout = request.timeout.count() > 0 && policy.may_change_timeout;
  const Microseconds timeout = own_timeout ? request.timeout : policy.default_timeout;
  RequestOptions options;
  options.deadline = request.deadline;
  if (timeout.count() > 0)
    options.deadline = std::min(options.deadline, Deadline::after(std::min<Microseconds>(timeout, kLongestTimeout), arrival));
  options.priority = priority_of(level);
  options.late_goes_last = policy.late_goes_last;
  options.rows = static_cast<unsigned>(std::clamp<std::int64_t>(rows, 1, UINT_MAX));
  return options;
}

}  // namespace staronnx
