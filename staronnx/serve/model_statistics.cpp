#include "staronnx/serve/model_statistics.h"

#include <cmath>

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

void ModelStatistics::succeeded(const InferenceTimes& times, std::int64_t batch_size, int together,
                                std::chrono::system_clock::time_point now) {
  const std::lock_guard lock(mutex_);
  sums_.last_inference = now;
  sums_.inferences += static_cast<std::uint64_t>(batch_size);
  sums_.success.add(times.total());
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

void ModelStatistics::failed(std::chrono::nanoseconds after) {
  const std::lock_guard lock(mutex_);
  sums_.fail.add(after);
}

StatisticsSnapshot ModelStatistics::snapshot() const {
  const std::lock_guard lock(mutex_);
  return sums_;
}

}  // namespace staronnx
