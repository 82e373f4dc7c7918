// For tests only: a clock of events and a system of exact service times, so that load and search run in virtual time.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "staronnx/bench/load_clock.h"
#include "staronnx/bench/system.h"

namespace staronnx {

// Time passes only by sleeping and by `step`, and then everything that was due happens on the way.
class SimulatedClock final : public LoadClock {
 public:
  Clock::time_point now() const override { return now_; }

  void sleep_until(Clock::time_point moment) override {
    while (!events_.empty() && events_.begin()->first <= moment) step();
    now_ = std::max(now_, moment);
  }

  void at(Clock::time_point moment, std::function<void()> event) { events_.emplace(moment, std::move(event)); }

  // To the next event.
  void step() {
    auto next = events_.extract(events_.begin());
    now_ = std::max(now_, next.key());
    next.mapped()();
  }

 private:
  Clock::time_point now_{};
  std::multimap<Clock::time_point, std::function<void()>> events_;
};

struct SimulatedSystemOptions {
  std::string name = "simulated";
  int servers = 1;
  Microseconds service{};    // of every request
  std::size_t queue = 1024;  // unanswered requests at most
  Status answer = {};        // to every request
  Microseconds taking{};     // of the caller's time, each request
  bool counts = false;       // as a server with statistics does
};

// First come, first served.
class SimulatedSystem final : public System {
 public:
  SimulatedSystem(SimulatedClock& clock, SimulatedSystemOptions options)
      : clock_(clock), options_(std::move(options)), free_at_(static_cast<std::size_t>(options_.servers)) {}

  const std::string& name() const override { return options_.name; }
  std::size_t requests() const { return requests_; }

  Status submit(Deadline deadline, Done done) override {
    ++requests_;
    if (options_.taking > Microseconds(0))
      clock_.sleep_until(clock_.now() + std::chrono::duration_cast<Clock::duration>(options_.taking));
    if (static_cast<std::size_t>(unanswered_) >= options_.queue) return Error{ErrorCode::unavailable, "full"};
    ++unanswered_;
    Clock::time_point& free_at = *std::min_element(free_at_.begin(), free_at_.end());
    const Clock::time_point begin = std::max(free_at, clock_.now());
    if (deadline.passed(begin)) {
      answer_at(begin, Error{ErrorCode::deadline_exceeded, "late"}, std::move(done));
    } else {
      counted_.requests += 1;
      counted_.executions += 1;
      counted_.queue += begin - clock_.now();
      counted_.compute_infer += options_.service;
      free_at = begin + std::chrono::duration_cast<Clock::duration>(options_.service);
      answer_at(free_at, options_.answer, std::move(done));
    }
    return {};
  }

  void wait_below(int count) override {
    while (unanswered_ >= count) clock_.step();
  }

  std::vector<Worked> worked() override {
    if (!options_.counts) return {};
    return {{"servers", options_.servers, counted_.compute_infer}};
  }

  std::optional<ServerStatistics> statistics() override { return options_.counts ? std::optional(counted_) : std::nullopt; }

 private:
  void answer_at(Clock::time_point moment, Status status, Done done) {
    clock_.at(moment, [this, status = std::move(status), done = std::move(done)] {
      --unanswered_;
      done(status);
    });
  }

  SimulatedClock& clock_;
  SimulatedSystemOptions options_;
  std::vector<Clock::time_point> free_at_;  // by server
  int unanswered_ = 0;
  ServerStatistics counted_;
  std::size_t requests_ = 0;
};

}  // namespace staronnx
