#include "staronnx/bench/trend.h"

#include <array>
#include <numeric>

namespace staronnx {
namespace {

constexpr std::size_t kBatches = 6;
constexpr std::size_t kFewestLatencies = 24;
constexpr int kRisingPairs = 13;  // of 15

std::array<Microseconds, kBatches> batch_means(const std::vector<Microseconds>& latencies) {
  const std::size_t first = latencies.size() / 4;
  const std::size_t used = latencies.size() - first;
  std::array<Microseconds, kBatches> means{};
  for (std::size_t batch = 0; batch < kBatches; ++batch) {
    const auto begin = latencies.begin() + static_cast<std::ptrdiff_t>(first + used * batch / kBatches);
    const auto end = latencies.begin() + static_cast<std::ptrdiff_t>(first + used * (batch + 1) / kBatches);
    means[batch] = std::accumulate(begin, end, Microseconds{}) / static_cast<double>(end - begin);
  }
  return means;
}

}  // namespace

bool backlog_grows(const std::vector<Microseconds>& latencies, Microseconds least) {
  if (latencies.size() < kFewestLatencies) return false;
  const std::array<Microseconds, kBatches> means = batch_means(latencies);
  int rising = 0;
  for (std::size_t a = 0; a < kBatches; ++a)
    for (std::size_t b = a + 1; b < kBatches; ++b) rising += means[b] > means[a] ? 1 : 0;
  return rising >= kRisingPairs && means.back() - means.front() > least;
}

}  // namespace staronnx
