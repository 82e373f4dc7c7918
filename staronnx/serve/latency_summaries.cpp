#include "staronnx/serve/latency_summaries.h"

#include <prometheus/summary.h>

#include <chrono>
#include <deque>

namespace staronnx {

struct LatencySummaries::Summaries {
  std::deque<prometheus::Summary> by_part;
};

LatencySummaries::LatencySummaries(const std::vector<Quantile>& quantiles) : summaries_(std::make_unique<Summaries>()) {
  prometheus::Summary::Quantiles wanted;
  for (const Quantile& one : quantiles) wanted.emplace_back(one.at, one.error);
  for (std::size_t i = 0; i < kParts.size(); ++i) summaries_->by_part.emplace_back(wanted);
}

LatencySummaries::~LatencySummaries() = default;

void LatencySummaries::observe(const InferenceTimes& times) {
  const std::array<std::chrono::nanoseconds, kParts.size()> parts = {times.total, times.queue, times.compute_input,
                                                                     times.compute_infer, times.compute_output};
  for (std::size_t i = 0; i < parts.size(); ++i)
    summaries_->by_part[i].Observe(std::chrono::duration<double, std::micro>(parts[i]).count());
}

std::vector<LatencySummaries::Reading> LatencySummaries::read() const {
  std::vector<Reading> readings;
  for (const prometheus::Summary& summary : summaries_->by_part) {
    const prometheus::ClientMetric::Summary seen = summary.Collect().summary;
    Reading& reading = readings.emplace_back(Reading{seen.sample_count, seen.sample_sum, {}});
    for (const auto& quantile : seen.quantile) reading.quantiles.emplace_back(quantile.quantile, quantile.value);
  }
  return readings;
}

}  // namespace staronnx
