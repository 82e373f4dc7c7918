#include "staronnx/schedule/variant_choice.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <set>
#include <vector>

#include "staronnx/schedule/decision.h"
#include "staronnx/schedule/demand.h"

namespace staronnx {
namespace {

constexpr Microseconds kIdle{0}, kNever{1e18};

// A fast processor with a memory of its own, and a slow one. Whole: 100 us on the fast, 1000 on the slow. Or 10 and 90 us, tenfold on the slow.
class FastAndSlow : public testing::Test {
 protected:
  Choice choose(Microseconds fast_busy, std::vector<Chain> under_way = {}, Microseconds transfer = kIdle,
                double others_per_us = 0) const {
    std::vector<Place> places(2);
    places[0].workers = {0}, places[0].memory = 1;
    places[1].workers = {1};
    const std::vector<Microseconds> busy{fast_busy, kIdle};
    const std::vector<Chain> ways{{1}, {2}};
    const auto time = [&](std::size_t chain, std::size_t task, std::size_t place, unsigned from) {
      const bool split = chain == under_way.size() + 1;
      const Microseconds fast{!split ? 100. : task == 0 ? 10. : 90.};
      return (place == 0 ? fast : 10 * fast) + (from == places[place].memory ? kIdle : transfer);
    };
    return choose_way({places, busy, under_way, ways, 0, others_per_us, time});
  }
};

TEST_F(FastAndSlow, ALoneRequestRunsWhole) {
  EXPECT_EQ(choose(kIdle), (Choice{0, Microseconds(100)}));
}

TEST_F(FastAndSlow, ARequestIsSplitWhenTheFastProcessorIsBusyMeanwhile) {
  EXPECT_EQ(choose(Microseconds(100)), (Choice{1, Microseconds(190)}));
  EXPECT_EQ(choose(Microseconds(95)), (Choice{1, Microseconds(190)})) << "the second segment waits for the first";
  EXPECT_EQ(choose(Microseconds(80)), (Choice{0, Microseconds(180)}));
}

TEST_F(FastAndSlow, TransfersCount) {
  EXPECT_EQ(choose(Microseconds(100), {}, Microseconds(5)), (Choice{1, Microseconds(195)}));
  EXPECT_EQ(choose(Microseconds(80), {}, Microseconds(10)), (Choice{0, Microseconds(190)}));
}

TEST_F(FastAndSlow, WhatIsUnderWayIsThereFirst) {
  EXPECT_EQ(choose(kIdle, {{1}}), (Choice{1, Microseconds(190)}));
  EXPECT_EQ(choose(kIdle, {{1, Microseconds(40)}}), (Choice{1, Microseconds(230)})) << "though it is not ready yet";
}

TEST(ChooseWay, WorkersOfOneGpuTakeTurns) {
  std::vector<Place> places(2);
  places[0] = {.group = {}, .workers = {0}, .memory = 1, .gpu = 0, .beside = {1}};
  places[1] = {.group = {}, .workers = {1}, .memory = 1, .gpu = 0, .beside = {0}};
  const auto time = [](std::size_t, std::size_t, std::size_t, unsigned) { return Microseconds(100); };
  EXPECT_EQ(choose_way({places, std::vector{Microseconds(30), kIdle}, {}, std::vector<Chain>{{1}}, 0, 0, time}),
            (Choice{0, Microseconds(130)}));
}

TEST_F(FastAndSlow, ARequestIsSplitThatWouldHoldUpOthers) {
  EXPECT_EQ(choose(Microseconds(80)).way, 0u);
  EXPECT_EQ(choose(Microseconds(80), {}, kIdle, 0.1).way, 1u);
}

TEST(ChooseWay, WhoAsksForMoreThanItsShareKeepsOthersWaitingLeast) {
  const std::vector<Place> places = places_of(std::vector<CoreGroup>{{{0}, 0}, {{1}, 0}}, false);
  std::vector<double> lengths{100, 54, 41};  // of each segment, in us
  const std::vector<Chain> ways{{1}, {2}, {3}};
  const auto time = [&](std::size_t chain, std::size_t, std::size_t, unsigned) { return Microseconds(lengths[chain]); };
  const auto choose = [&](bool beyond_share, double others_per_us) {
    return choose_way({places, std::vector{kIdle, kIdle}, {}, ways, 1, others_per_us, time, beyond_share}).way;
  };
  EXPECT_EQ(choose(false, 0.003), 0u) << "they would wait for less than the second way takes";
  EXPECT_EQ(choose(true, 0.003), 2u);
  EXPECT_EQ(choose(true, 0), 0u) << "nobody waits";
  lengths[2] = 43;
  EXPECT_EQ(choose(true, 0.003), 1u) << "the third way takes 1.29 times the machine's time";
}

TEST_F(FastAndSlow, TheSlowOneTakesAWholeRequestOnlyWhenTheFastOneWouldTakeLonger) {
  EXPECT_EQ(choose(Microseconds(2'000)), (Choice{0, Microseconds(1'000)}));
}

// The first segment is hardly slower on the slow processor, but both end sooner on the fast one: no less to do for it than the whole.
TEST(ChooseWay, ACutThatOnlyCutsGainsNothingUnderLoad) {
  std::vector<Place> places(2);
  places[0].workers = {0};
  places[1].workers = {1};
  const auto time = [](std::size_t chain, std::size_t task, std::size_t place, unsigned) {
    if (chain == 0) return Microseconds(place == 0 ? 100 : 1'000);
    return Microseconds(task == 0 ? (place == 0 ? 10 : 20) : (place == 0 ? 90 : 980));
  };
  const auto choose = [&](Microseconds fast_busy, Microseconds limit) {
    const std::vector<Chain> ways{{1, {}, 0, limit}, {2, {}, 0, limit}};
    return choose_way({places, std::vector{fast_busy, kIdle}, {}, ways, 50, 0, time});
  };
  EXPECT_EQ(choose(kIdle, kNoLimit), (Choice{0, Microseconds(100)}));
  EXPECT_EQ(choose(kIdle, Microseconds(200)).way, 0u);
  EXPECT_EQ(choose(Microseconds(20), Microseconds(200)), (Choice{1, Microseconds(110)})) << "it spares the fast one";
}

TEST(ChooseWay, ARequestTakesTheWayThatIsInTime) {
  std::vector<Place> places(2);
  places[0].workers = {0};
  places[1].workers = {1};
  const auto time = [](std::size_t chain, std::size_t task, std::size_t place, unsigned) {
    const Microseconds fast{chain == 0 ? 100. : task == 0 ? 10. : 95.};
    return place == 0 ? fast : 10 * fast;
  };
  const auto choose = [&](Microseconds fast_busy, Microseconds limit) {
    return choose_way(
        {places, std::vector{fast_busy, kIdle}, {}, std::vector<Chain>{{1, {}, 0, limit}, {2, {}, 0, limit}}, 9, 0, time});
  };
  EXPECT_EQ(choose(kIdle, Microseconds(100)), (Choice{0, Microseconds(100)})) << "no other is";
  EXPECT_EQ(choose(Microseconds(100), Microseconds(197)), (Choice{1, Microseconds(195)}));
  EXPECT_EQ(choose(Microseconds(100), Microseconds(150)).end, Microseconds(195)) << "none is: the one that ends first";
}

// A GPU that takes 10 ms for a request, and four cores, together or alone, that take longer by these factors.
constexpr double kGpuTime = 10'000;
constexpr double kSlower[] = {20, 10.2, 0, 5.2};  // by width - 1

// Shares of a request's work, by variant and segment.
using Variants = std::vector<std::vector<double>>;

std::vector<Place> machine() {
  std::vector<CoreGroup> groups;
  for (int core = 0; core < 4; ++core) groups.push_back({{core}, 0});
  std::vector<Place> places = places_of(groups, true, 1);
  places.insert(places.begin(), Place{.group = {}, .workers = {0}, .memory = 1, .gpu = 0});
  return places;
}

// Requests that may run in several variants, in virtual time, under a latency limit: those that are expected to miss it are dropped when they
// would start.
class Simulation {
 public:
  Simulation(const Variants& variants, Microseconds limit) : variants_(variants), limit_(limit) {
    for (const auto& shares : variants) lengths_.push_back(shares.size());
  }

  // 10,000 Poisson arrivals.
  void run(double rate_per_s) {
    constexpr int kRequests = 10'000;
    std::exponential_distribution<double> gaps(rate_per_s / 1e6);
    Microseconds arrival{gaps(random_)};
    for (int arrived = 0; arrived < kRequests || !running_.empty();) {
      const Microseconds next = running_.empty() ? kNever : running_.begin()->end;
      now_ = arrived < kRequests ? std::min(arrival, next) : next;
      if (now_ == next) {
        end_task();
      } else {
        requests_.push_back({now_});
        waiting_.push_back(requests_.size() - 1);
        arrival += Microseconds(gaps(random_));
        ++arrived;
      }
      fill_window();
      start_what_can();
    }
  }

  double in_time() const {  // share of the requests
    const auto answered = std::ranges::count_if(latencies_, [this](Microseconds latency) { return latency <= limit_; });
    return static_cast<double>(answered) / static_cast<double>(requests_.size());
  }
  Microseconds median() {
    std::ranges::sort(latencies_);
    return latencies_[latencies_.size() / 2];
  }

 private:
  struct Request {
    Microseconds arrival;
    std::size_t variant = 0, task = 0;
    Microseconds ready_since{};  // the task
  };
  struct Running {
    Microseconds end;
    std::size_t request = 0;
    auto operator<=>(const Running&) const = default;
  };

  Microseconds time(std::size_t variant, std::size_t task, std::size_t place) const {
    const double share = variants_[variant][task] * kGpuTime;
    return Microseconds(places_[place].gpu ? share : share * kSlower[places_[place].width() - 1]);
  }
  static Clock::time_point at(Microseconds moment) {
    return Clock::time_point(std::chrono::duration_cast<Clock::duration>(moment));
  }
  Microseconds machine_time(std::size_t variant, std::size_t task) const {
    double rate = 0;
    for (std::size_t worker = 0; worker < ends_.size(); ++worker) rate += 1 / time(variant, task, worker).count();
    return Microseconds(1 / rate);
  }

  std::vector<Microseconds> busy() const {
    std::vector<Microseconds> left;
    for (const Microseconds end : ends_) left.push_back(std::max(end - now_, Microseconds(0)));
    return left;
  }

  // As the policy does.
  Choice choose() const {
    std::map<std::size_t, Chain> left;  // by request, so by urgency
    for (const std::size_t number : ready_) left[number] = {lengths_[requests_[number].variant] - requests_[number].task};
    for (const Running& run : running_) {
      left[run.request] = {lengths_[requests_[run.request].variant] - requests_[run.request].task - 1, run.end - now_};
    }
    std::vector<Chain> under_way, ways;
    std::vector<const Request*> requests;
    for (const auto& [number, chain] : left) under_way.push_back(chain), requests.push_back(&requests_[number]);
    for (const std::size_t length : lengths_) ways.push_back({length});
    const auto time_of = [&](std::size_t chain, std::size_t task, std::size_t place, unsigned) {
      if (chain >= requests.size()) return time(chain - requests.size(), task, place);
      const std::size_t variant = requests[chain]->variant;
      return time(variant, lengths_[variant] - under_way[chain].tasks + task, place);
    };
    return choose_way({places_, busy(), under_way, ways, demand_.followers(at(now_)), 0, time_of});
  }

  void fill_window() {
    while (inside_ < 2 * ends_.size() && !waiting_.empty()) {
      const std::size_t number = waiting_.front();
      waiting_.pop_front();
      const Choice choice = choose();
      if (now_ + choice.end > requests_[number].arrival + limit_) continue;
      requests_[number].variant = choice.way;
      ++inside_;
      make_ready(number);
    }
  }

  void make_ready(std::size_t request) {
    ready_.insert(std::ranges::lower_bound(ready_, request), request);
    requests_[request].ready_since = now_;
    demand_.arrived(at(now_), machine_time(requests_[request].variant, requests_[request].task));
  }

  void start_what_can() {
    const std::vector<ReadyTask> tasks(ready_.size(), {.followers = demand_.followers(at(now_))});
    const auto time_of = [&](std::size_t task, std::size_t place, int) {
      const Request& request = requests_[ready_[task]];
      return time(request.variant, request.task, place);
    };
    const Decision decision = decide({places_, busy(), tasks, false, time_of});
    std::vector<std::size_t> started;
    for (const Start& start : decision.starts) {
      const Request& request = requests_[started.emplace_back(ready_[start.tasks[0]])];
      const Microseconds took = time(request.variant, request.task, start.place);
      const std::vector<std::size_t>& workers = places_[start.place].workers;
      for (const std::size_t worker : workers) ends_[worker] = now_ + took;
      running_.insert({now_ + took, started.back()});
      demand_.started(now_ > request.ready_since, static_cast<int>(ends_.size() / workers.size()), took, 1);
    }
    for (const std::size_t request : started) std::erase(ready_, request);
  }

  void end_task() {
    const std::size_t number = running_.begin()->request;
    running_.erase(running_.begin());
    Request& request = requests_[number];
    if (++request.task < lengths_[request.variant]) return make_ready(number);
    latencies_.push_back(now_ - request.arrival);
    --inside_;
  }

  const Variants variants_;
  const Microseconds limit_;
  const std::vector<Place> places_ = machine();
  std::mt19937 random_{1};
  std::vector<std::size_t> lengths_;
  Demand demand_;
  Microseconds now_{};
  std::vector<Microseconds> ends_ = std::vector<Microseconds>(5), latencies_;  // ends by worker
  std::vector<Request> requests_;
  std::deque<std::size_t> waiting_;  // numbers of requests, as these
  std::vector<std::size_t> ready_;
  std::set<Running> running_;
  std::size_t inside_ = 0;
};

double in_time(const Variants& variants, Microseconds limit, double rate_per_s) {
  Simulation simulation(variants, limit);
  simulation.run(rate_per_s);
  return simulation.in_time();
}

const std::vector<double> kWhole{1}, kTenth{.1, .9}, kFifth{.2, .8};

// The GPU alone does 100 requests a second, and takes 10 ms.
TEST(Variants, MoreRequestsAreInTimeThanWithoutSplitsAtEveryRate) {
  for (const double rate : {20., 50., 80., 100., 120.}) {
    for (const Milliseconds limit : {Milliseconds(20), Milliseconds(30), Milliseconds(50), Milliseconds(100)}) {
      const double ours = in_time({kWhole, kTenth, kFifth}, limit, rate);
      EXPECT_GT(ours, 0.995 * in_time({kWhole}, limit, rate)) << rate << "/s within " << limit.count() << " ms";
      EXPECT_GT(ours, 0.99 * in_time({kFifth}, limit, rate)) << rate << "/s within " << limit.count() << " ms";
    }
  }
  EXPECT_GT(in_time({kWhole, kTenth, kFifth}, Milliseconds(20), 100), 1.05 * in_time({kWhole}, Milliseconds(20), 100));
  EXPECT_GT(in_time({kWhole, kTenth, kFifth}, Milliseconds(30), 100), 1.06 * in_time({kWhole}, Milliseconds(30), 100));
  EXPECT_GT(in_time({kWhole, kTenth, kFifth}, Milliseconds(50), 110), 1.07 * in_time({kWhole}, Milliseconds(50), 110));
}

TEST(Variants, ALoneRequestIsAnsweredAsSoonAsWithoutSplits) {
  Simulation simulation({kWhole, kTenth, kFifth}, kNever);
  simulation.run(5);
  EXPECT_DOUBLE_EQ(simulation.median().count(), kGpuTime);
}

}  // namespace
}  // namespace staronnx
