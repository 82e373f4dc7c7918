// What a model has done, as clients ask for it. Times are of whole requests: one of three segments counts once, with their times added.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>

#include "staronnx/base/deadline.h"

namespace staronnx {

struct DurationSum {
  std::uint64_t count = 0;
  std::chrono::nanoseconds total{};

  void add(std::chrono::nanoseconds one);
  bool operator==(const DurationSum&) const = default;
};

// Of one successful request, in the order of its way.
struct InferenceTimes {
  std::chrono::nanoseconds queue{};           // waiting, also between segments
  std::chrono::nanoseconds compute_input{};   // checking, and bringing data to where segments run
  std::chrono::nanoseconds compute_infer{};   // of all segments
  std::chrono::nanoseconds compute_output{};  // from the last segment's end until the front end has the answer

  std::chrono::nanoseconds total() const { return queue + compute_input + compute_infer + compute_output; }
};

// Runs of one batch size: elements of all requests that ran as one.
struct BatchStatistics {
  double executions = 0;  // each of n requests that ran as one adds 1/n
  DurationSum compute_input, compute_infer, compute_output;
};

struct StatisticsSnapshot {
  std::optional<std::chrono::system_clock::time_point> last_inference = {};
  std::uint64_t inferences = 0;  // sum of the requests' own batch sizes
  DurationSum success = {}, fail = {}, queue = {}, compute_input = {}, compute_infer = {}, compute_output = {};
  std::map<std::int64_t, BatchStatistics> by_batch_size = {};

  std::uint64_t executions() const;  // of the model, batches counting once
};

// Thread-safe.
class ModelStatistics {
 public:
  // `batch_size`: of the request itself. `together`: requests that ran as one, this among them.
  void succeeded(const InferenceTimes& times, std::int64_t batch_size, int together, std::chrono::system_clock::time_point now);
  void failed(std::chrono::nanoseconds after);
  StatisticsSnapshot snapshot() const;

 private:
  mutable std::mutex mutex_;
  StatisticsSnapshot sums_;
};

}  // namespace staronnx
