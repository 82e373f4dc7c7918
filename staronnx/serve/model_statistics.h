// What a model has done, as clients ask for it. Times are of whole requests: one of three segments counts once, with their times added.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "staronnx/base/deadline.h"
#include "staronnx/base/result.h"
#include "staronnx/schedule/pipeline.h"
#include "staronnx/serve/summary_options.h"

namespace staronnx {

class LatencySummaries;

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
  std::chrono::nanoseconds total{};           // from arrival to answer: less than the others' sum where segments ran side by side
};

// Runs of one batch size: elements of all requests that ran as one.
struct BatchStatistics {
  double executions = 0;  // each of n requests that ran as one adds 1/n
  DurationSum compute_input, compute_infer, compute_output;
};

// Why requests were answered with an error, in the words of Triton's metric.
enum class FailureReason { rejected, cancelled, backend, other };

std::string_view to_string(FailureReason reason);  // "REJECTED"
FailureReason reason_of(ErrorCode code);

struct SegmentPlace {
  std::string variant;
  std::size_t segment = 0;
  int place = 0;  // in Runtime::places()

  auto operator<=>(const SegmentPlace&) const = default;
};

// What a segment did in a place.
struct SegmentUse {
  std::uint64_t requests = 0;
  std::chrono::nanoseconds busy{};  // each of n requests that ran as one adds 1/n
  std::chrono::nanoseconds transfer{};
};

struct StatisticsSnapshot {
  std::optional<std::chrono::system_clock::time_point> last_inference = {};
  std::uint64_t inferences = 0;  // sum of the requests' own batch sizes
  DurationSum success = {}, fail = {}, queue = {}, compute_input = {}, compute_infer = {}, compute_output = {};
  std::map<std::int64_t, BatchStatistics> by_batch_size = {};
  std::map<FailureReason, std::uint64_t> failures = {};
  std::uint64_t pending = 0;  // not yet answered
  std::map<SegmentPlace, SegmentUse> segments = {};

  std::uint64_t executions() const;  // of the model, batches counting once
};

// Thread-safe.
class ModelStatistics {
 public:
  ModelStatistics();
  ~ModelStatistics();

  // Before the first request: quantiles are kept, too.
  void summarize(const std::vector<Quantile>& quantiles);
  const LatencySummaries* summaries() const { return summaries_.get(); }  // null: are not

  void began();  // then once one of the following two
  // `batch_size`: of the request itself. `together`: requests that ran as one, this among them.
  void succeeded(const InferenceTimes& times, std::int64_t batch_size, int together, std::chrono::system_clock::time_point now);
  void failed(std::chrono::nanoseconds after, ErrorCode code);
  void ran(std::string_view variant, std::span<const SegmentRun> segments);
  StatisticsSnapshot snapshot() const;

 private:
  mutable std::mutex mutex_;
  StatisticsSnapshot sums_;
  std::unique_ptr<LatencySummaries> summaries_;  // has a lock of its own
};

}  // namespace staronnx
