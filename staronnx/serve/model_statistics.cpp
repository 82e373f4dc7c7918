#include "staronnx/serve/model_statistics.h"

#include <cmath>

#include "staronnx/serve/latency_summaries.h"

namespace staronnx {

void DurationSum::add(std::chrono::nanoseconds one) {
  ++count;
  total += one;
}

std::uint64_t StatisticsSnapshot::executions() const {
  double sum = 0;
  for (const auto& [size, batch] : by_batch_size) sum += batch.executions;
  return static_cast<std::uint64_t>(std::llround(sum));
}

std::string_view to_string(FailureReason reason) {
  switch (reason) {
    case FailureReason::rejected: return "REJECTED";
    case FailureReason::cancelled: return "CANCELED";
    case FailureReason::backend: return "BACKEND";
    case FailureReason::other: return "OTHER";
  }
  return "OTHER";
}

FailureReason reason_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::unavailable:
    case ErrorCode::deadline_exceeded: return FailureReason::rejected;
    case ErrorCode::cancelled: return FailureReason::cancelled;
    case ErrorCode::internal: return FailureReason::backend;
    default: return FailureReason::other;
  }
}

ModelStatistics::ModelStatistics() = default;

ModelStatistics::~ModelStatistics() = default;

void ModelStatistics::summarize(const std::vector<Quantile>& quantiles) {
  summaries_ = std::make_unique<LatencySummaries>(quantiles);
}

void ModelStatistics::began() {
  const std::lock_guard lock(mutex_);
  ++sums_.pending;
}

void ModelStatistics::succeeded(const InferenceTimes& times, std::int64_t batch_size, int together,
                                std::chrono::system_clock::time_point now) {
  if (summaries_) summaries_->observe(times);
  const std::lock_guard lock(mutex_);
  --sums_.pending;
  sums_.last_inference = now;
  sums_.inferences += static_cast<std::uint64_t>(batch_size);
  sums_.success.add(times.total);
  sums_.queue.add(times.queue);
  sums_.compute_input.add(times.compute_input);
  sums_.compute_infer.add(times.compute_infer);
  sums_.compute_output.add(times.compute_output);
  BatchStatistics& batch = sums_.by_batch_size[batch_size * together];
  batch.executions += 1.0 / together;
  batch.compute_input.add(times.compute_input);
  batch.compute_infer.add(times.compute_infer);
  batch.compute_output.add(times.compute_output);
}

void ModelStatistics::failed(std::chrono::nanoseconds after, ErrorCode code) {
  const std::lock_guard lock(mutex_);
  --sums_.pending;
  sums_.fail.add(after);
  ++sums_.failures[reason_of(code)];
}

void ModelStatistics::ran(std::string_view variant, std::span<const SegmentRun> segments) {
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const SegmentRun& run = segments[i];
    SegmentUse& use = sums_.segments[{std::string(variant), i, run.place}];
    ++use.requests;
    use.busy += (run.end - run.begin) / run.batch;
    use.transfer += std::chrono::duration_cast<std::chrono::nanoseconds>(run.transfer);
  }
}

StatisticsSnapshot ModelStatistics::snapshot() const {
  const std::lock_guard lock(mutex_);
  return sums_;
}

}  // namespace staronnx
