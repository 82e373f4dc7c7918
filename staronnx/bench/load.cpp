#include "staronnx/bench/load.h"

#include <algorithm>
#include <deque>
#include <mutex>
#include <numeric>

#include "staronnx/bench/quantile.h"
#include "staronnx/bench/trend.h"

namespace staronnx {
namespace {

constexpr double kLateGenerator = 0.01;                // of the SLO
constexpr auto kRest = std::chrono::milliseconds(50);  // ONNX Runtime's own threads spin for 32 ms after a request (measured)
constexpr double kBacklogGrowth = 0.1;                 // of the SLO
constexpr auto kAfterRefusal =
    std::chrono::milliseconds(1);  // a closed loop's pause: who refuses at once is not asked a million times

void count_outcome(const Sample& sample, Milliseconds in_time, Point& point) {
  ++point.sent;
  if (!sample.failure) {
    ++point.answered;
    point.late += sample.latency() > in_time ? 1 : 0;
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
    if (!sample.failure) latencies.push_back(sample.latency());
  return latencies;
}

std::vector<Microseconds> sorted(std::vector<Microseconds> values) {
  std::sort(values.begin(), values.end());
  return values;
}

void set_sending(std::span<const Sample> samples, Milliseconds slo, Point& point) {
  std::vector<Microseconds> lags;
  for (const Sample& sample : samples) {
    lags.push_back(sample.sent - sample.intended);
    point.mean_send += (sample.handed - sample.intended) / static_cast<double>(samples.size());
  }
  point.lag_p99 = quantile(sorted(std::move(lags)), 0.99);
  point.late_generator = point.lag_p99 > kLateGenerator * slo;
}

void set_latencies(const std::vector<Microseconds>& latencies, double percentile, Point& point) {
  if (latencies.empty()) return;
  const std::vector<Microseconds> ascending = sorted(latencies);
  point.mean = std::accumulate(ascending.begin(), ascending.end(), Microseconds()) / static_cast<double>(ascending.size());
  point.p50 = quantile(ascending, 0.50);
  point.p90 = quantile(ascending, 0.90);
  point.p95 = quantile(ascending, 0.95);
  point.p99 = quantile(ascending, 0.99);
  point.tail = quantile(ascending, percentile / 100);
}

// One load on its way: what the requests' `done` need, few words, so that each fits into its std::function.
class Run {
 public:
  Run(System& system, LoadClock& clock) : system_(system), clock_(clock), start_(clock.now()) {}

  Seconds elapsed() const { return clock_.now() - start_; }
  Clock::time_point at(Seconds moment) const { return start_ + std::chrono::duration_cast<Clock::duration>(moment); }

  // Whether the system has taken it.
  bool send(Sample& sample, Deadline deadline) {
    sample.sent = elapsed();
    const Status accepted = system_.submit(deadline, [this, &sample](const Status& status) {
      sample.finished = elapsed();
      if (!status) note(status.error(), sample);
    });
    sample.handed = elapsed();
    if (!accepted) note(accepted.error(), sample);
    return accepted.ok();
  }

  // When all are answered.
  const std::string& first_error() const { return first_error_; }

 private:
  void note(const Error& error, Sample& sample) {
    sample.failure = error.code;
    const std::lock_guard lock(mutex_);
    if (first_error_.empty()) first_error_ = error.message;
  }

  System& system_;
  LoadClock& clock_;
  const Clock::time_point start_;
  std::mutex mutex_;
  std::string first_error_;
};

// Lets the threads of the system before go to sleep, then sends one request that does not count.
void wake(System& system, LoadClock& clock) {
  clock.sleep_until(clock.now() + kRest);
  // A system that cannot answer this one says so at the requests that count.
  static_cast<void>(system.submit(Deadline::never(), [](const Status&) {}));
  system.wait_below(1);
}

std::optional<ServerTimes> since(const std::optional<ServerStatistics>& before, System& system) {
  if (!before) return std::nullopt;
  const std::optional<ServerStatistics> after = system.statistics();
  return after ? between(*before, *after) : std::nullopt;
}

std::vector<Busy> since(const std::vector<Worked>& before, System& system, Seconds elapsed) {
  std::vector<Busy> busy;
  const std::vector<Worked> after = system.worked();
  for (std::size_t i = 0; i < after.size(); ++i)
    busy.push_back({after[i].name, (after[i].time - before[i].time) / (elapsed * after[i].count)});
  return busy;
}

// Results per second, from the last one left out to the last one that came while the loop was full.
double closed_rate(std::span<const Sample> samples, std::size_t in_flight, double otherwise) {
  std::vector<Seconds> ends;
  for (const Sample& sample : samples)
    if (!sample.failure) ends.push_back(sample.finished);
  if (ends.size() < 2 * in_flight + 1) return otherwise;
  std::sort(ends.begin(), ends.end());
  const std::size_t first = in_flight - 1, last = ends.size() - in_flight;
  return static_cast<double>(last - first) / (ends[last] - ends[first]).count();
}

Point closed_point_of(int in_flight, Seconds duration, const Limits& limits, std::span<const Sample> samples) {
  Point point = point_of(0, duration, limits, samples);
  const auto fill = static_cast<std::size_t>(in_flight);
  set_latencies(latencies_of(samples.subspan(std::min(fill, samples.size() - 1))), limits.percentile, point);
  const double in_time = point.answered == 0 ? 0 : point.good_per_s / point.served_per_s;
  point.served_per_s = closed_rate(samples, fill, point.served_per_s);
  point.good_per_s = in_time * point.served_per_s;
  point.rate_per_s = point.served_per_s;
  point.in_flight = in_flight;
  point.backlog_grows = false;  // the loop does not let it
  point.held = point.answered == point.sent && point.tail <= limits.slo;
  return point;
}

}  // namespace

Point point_of(double rate_per_s, Seconds duration, const Limits& limits, std::span<const Sample> samples) {
  Point point;
  point.rate_per_s = rate_per_s;
  point.duration = duration;
  Seconds end = duration;
  for (const Sample& sample : samples) {
    count_outcome(sample, limits.in_time(), point);
    if (!sample.failure) end = std::max(end, sample.finished);
  }
  point.served_per_s = static_cast<double>(point.answered) / end.count();
  point.good_per_s = static_cast<double>(point.answered - point.late) / end.count();
  set_sending(samples, limits.slo, point);
  const std::vector<Microseconds> latencies = latencies_of(samples);
  set_latencies(latencies, limits.percentile, point);
  point.backlog_grows = backlog_grows(latencies, kBacklogGrowth * limits.slo);
  point.held = point.answered == point.sent && point.tail <= limits.slo && !point.backlog_grows;
  return point;
}

Window open_loop(System& system, LoadClock& clock, double rate_per_s, std::span<const Seconds> arrivals, Seconds duration,
                 const Limits& limits) {
  wake(system, clock);
  const std::optional<ServerStatistics> before = system.statistics();
  const std::vector<Worked> worked = system.worked();
  std::vector<Sample> samples(arrivals.size());
  Run run(system, clock);
  for (std::size_t i = 0; i < arrivals.size(); ++i) {
    samples[i].intended = arrivals[i];
    clock.sleep_until(run.at(arrivals[i]));
    run.send(samples[i], {run.at(limits.deadline ? arrivals[i] + *limits.deadline : duration + limits.slo)});
  }
  system.wait_below(1);
  const Seconds elapsed = run.elapsed();
  Window window{point_of(rate_per_s, duration, limits, samples), std::move(samples)};
  window.point.busy = since(worked, system, elapsed);
  window.point.server = since(before, system);
  window.point.first_error = run.first_error();
  return window;
}

Window closed_loop(System& system, LoadClock& clock, int in_flight, Seconds duration, const Limits& limits) {
  wake(system, clock);
  const std::optional<ServerStatistics> before = system.statistics();
  const std::vector<Worked> worked = system.worked();
  std::deque<Sample> samples;  // elements stay where they are
  const auto fewest = 3 * static_cast<std::size_t>(in_flight);
  Run run(system, clock);
  while (samples.size() < fewest || run.elapsed() < duration) {
    Sample& sample = samples.emplace_back();
    sample.intended = run.elapsed();
    const Deadline deadline = limits.deadline ? Deadline{run.at(sample.intended + *limits.deadline)} : Deadline::never();
    if (!run.send(sample, deadline)) clock.sleep_until(clock.now() + kAfterRefusal);
    system.wait_below(in_flight);
  }
  system.wait_below(1);
  const Seconds elapsed = run.elapsed();
  std::vector<Sample> all(samples.begin(), samples.end());
  Window window{closed_point_of(in_flight, duration, limits, all), std::move(all)};
  window.point.busy = since(worked, system, elapsed);
  window.point.server = since(before, system);
  window.point.first_error = run.first_error();
  return window;
}

}  // namespace staronnx
