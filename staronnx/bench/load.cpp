#include "staronnx/bench/load.h"

#include <algorithm>
#include <deque>

#include "staronnx/bench/quantile.h"
#include "staronnx/bench/trend.h"

namespace staronnx {
namespace {

constexpr double kLateGenerator = 0.01;                // of the SLO
constexpr auto kRest = std::chrono::milliseconds(50);  // ONNX Runtime's own threads spin for 32 ms after a request (measured)
constexpr double kBacklogGrowth = 0.1;                 // of the SLO

void count_outcome(const Sample& sample, Point& point) {
  if (!sample.failure) {
    ++point.answered;
  } else if (*sample.failure == ErrorCode::unavailable) {
    ++point.refused;
  } else if (*sample.failure == ErrorCode::deadline_exceeded) {
    ++point.dropped;
  } else {
    ++point.failed;
  }
}

std::vector<Microseconds> latencies_of(std::span<const Sample> samples) {
  std::vector<Microseconds> latencies;
  for (const Sample& sample : samples)
    if (!sample.failure) latencies.push_back(sample.finished - sample.intended);
  return latencies;
}

std::vector<Microseconds> sorted(std::vector<Microseconds> values) {
  std::sort(values.begin(), values.end());
  return values;
}

Microseconds lag_p99_of(std::span<const Sample> samples) {
  std::vector<Microseconds> lags;
  for (const Sample& sample : samples) lags.push_back(sample.sent - sample.intended);
  return quantile(sorted(std::move(lags)), 0.99);
}

void set_latencies(std::span<const Sample> samples, Milliseconds slo, Point& point) {
  const std::vector<Microseconds> in_order = latencies_of(samples);
  if (in_order.empty()) return;
  const std::vector<Microseconds> ascending = sorted(in_order);
  point.p50 = quantile(ascending, 0.50);
  point.p90 = quantile(ascending, 0.90);
  point.p95 = quantile(ascending, 0.95);
  point.p99 = quantile(ascending, 0.99);
  point.backlog_grows = backlog_grows(in_order, kBacklogGrowth * slo);
}

// Lets the threads of the system before go to sleep, then sends one request that does not count.
void wake(System& system, LoadClock& clock, const std::vector<Tensor>& inputs) {
  clock.sleep_until(clock.now() + kRest);
  // A system that cannot answer this one says so at the requests that count.
  static_cast<void>(system.submit(inputs, Deadline::never(), [](const Status&) {}));
  system.wait_below(1);
}

struct Answer {
  Clock::time_point begin;
  Clock::time_point end;
  std::optional<Error> error;
};

ClosedLoop closed_loop_of(const std::deque<Answer>& answers, int in_flight) {
  std::vector<Clock::time_point> ends;
  std::vector<Microseconds> latencies;
  for (const Answer& answer : answers) {
    ends.push_back(answer.end);
    latencies.push_back(answer.end - answer.begin);
  }
  std::sort(ends.begin(), ends.end());
  // From the last answer left out, to the last one that came while the loop was full.
  const auto first = static_cast<std::size_t>(in_flight) - 1;
  const std::size_t last = ends.size() - static_cast<std::size_t>(in_flight);
  const Seconds span = ends[last] - ends[first];
  latencies.erase(latencies.begin(), latencies.begin() + in_flight);
  return {static_cast<double>(last - first) / span.count(), quantile(sorted(std::move(latencies)), 0.5)};
}

}  // namespace

Point point_of(double rate_per_s, Seconds duration, Milliseconds slo, std::span<const Sample> samples) {
  Point point;
  point.rate_per_s = rate_per_s;
  point.duration = duration;
  Seconds end = duration;
  for (const Sample& sample : samples) {
    count_outcome(sample, point);
    if (!sample.failure) end = std::max(end, sample.finished);
  }
  point.served_per_s = static_cast<double>(point.answered) / end.count();
  point.lag_p99 = lag_p99_of(samples);
  point.late_generator = point.lag_p99 > kLateGenerator * slo;
  set_latencies(samples, slo, point);
  point.held = point.answered == samples.size() && point.p99 <= slo && !point.backlog_grows;
  return point;
}

Point open_loop(System& system, LoadClock& clock, const std::vector<Tensor>& inputs, double rate_per_s,
                std::span<const Seconds> arrivals, Seconds duration, Milliseconds slo) {
  wake(system, clock, inputs);
  std::vector<Sample> samples(arrivals.size());
  std::vector<Tensor> request = inputs;
  const Clock::time_point start = clock.now();
  const Deadline deadline = Deadline::after(duration + slo, start);
  for (std::size_t i = 0; i < arrivals.size(); ++i) {
    Sample& sample = samples[i];
    sample.intended = arrivals[i];
    clock.sleep_until(start + std::chrono::duration_cast<Clock::duration>(arrivals[i]));
    sample.sent = clock.now() - start;
    const Status accepted = system.submit(std::move(request), deadline, [&sample, &clock, start](const Status& status) {
      sample.finished = clock.now() - start;
      if (!status) sample.failure = status.error().code;
    });
    if (!accepted) sample.failure = accepted.error().code;
    request = inputs;  // of the next request, ready before its time
  }
  system.wait_below(1);
  return point_of(rate_per_s, duration, slo, samples);
}

Result<ClosedLoop> closed_loop(System& system, LoadClock& clock, const std::vector<Tensor>& inputs, int in_flight,
                               Seconds duration) {
  wake(system, clock, inputs);
  std::deque<Answer> answers;  // elements stay where they are
  const auto fewest = 3 * static_cast<std::size_t>(in_flight);
  const Clock::time_point start = clock.now();
  Status refused;
  while (refused.ok() && (answers.size() < fewest || clock.now() - start < duration)) {
    Answer& answer = answers.emplace_back();
    answer.begin = clock.now();
    refused = system.submit(inputs, Deadline::never(), [&answer, &clock](const Status& status) {
      answer.end = clock.now();
      if (!status) answer.error = status.error();
    });
    system.wait_below(in_flight);
  }
  system.wait_below(1);
  if (!refused) return with_context(system.name(), refused.error());
  for (const Answer& answer : answers)
    if (answer.error) return with_context(system.name(), *answer.error);
  return closed_loop_of(answers, in_flight);
}

}  // namespace staronnx
