#include "staronnx/schedule/fair_shares.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <functional>
#include <random>

#include "staronnx/schedule/decision.h"
#include "staronnx/schedule/tenants.h"

namespace staronnx {
namespace {

using ::testing::ElementsAre;

Claim claim(std::size_t pipeline, double share = 1, Microseconds time = Microseconds(100)) {
  return {pipeline, share, time};
}

TEST(FairShares, TasksOfOnePipelineKeepTheirOrder) {
  const Claim claims[] = {claim(1), claim(1), claim(1)};
  EXPECT_THAT(FairShares().order(claims), ElementsAre(0, 1, 2));
}

TEST(FairShares, PipelinesTakeTurns) {
  const Claim claims[] = {claim(1), claim(1), claim(1), claim(2), claim(2)};
  EXPECT_THAT(FairShares().order(claims), ElementsAre(0, 3, 1, 4, 2));
}

TEST(FairShares, ALargerShareIsServedMoreOften) {
  const Claim claims[] = {claim(1), claim(1), claim(2, 2), claim(2, 2), claim(2, 2)};
  EXPECT_THAT(FairShares().order(claims), ElementsAre(0, 2, 3, 1, 4));
}

TEST(FairShares, LongTasksCountForMore) {
  const Claim claims[] = {claim(1, 1, Microseconds(1'000)), claim(1, 1, Microseconds(1'000)), claim(2), claim(2), claim(2)};
  EXPECT_THAT(FairShares().order(claims), ElementsAre(0, 2, 3, 4, 1));
}

TEST(FairShares, OneThatComesBackIsNotPaidForItsAbsence) {
  FairShares shares;
  for (int task = 0; task < 100; ++task) shares.started(claim(1));
  const Claim claims[] = {claim(1), claim(1), claim(2), claim(2), claim(2)};
  EXPECT_THAT(shares.order(claims), ElementsAre(2, 0, 3, 1, 4)) << "first, since the other had the last turn; then by turns";
}

TEST(FairShares, WhoAsksForMoreThanItsShareGoesAfterThoseThatDoNot) {
  Claim first = claim(1), second = claim(1);
  first.beyond = second.beyond = true;
  const Claim claims[] = {first, second, claim(2), claim(2), claim(3)};
  EXPECT_THAT(FairShares().order(claims), ElementsAre(2, 4, 3, 0, 1));
}

TEST(FairShares, AnOverloadedOneWaitsForOthers) {
  FairShares shares;
  int of_the_rare_one = 0;
  for (int round = 0; round < 100; ++round) {  // one has always three waiting, the other now and then one
    std::vector<Claim> claims{claim(1), claim(1), claim(1)};
    if (round % 4 == 3) claims.push_back(claim(2));
    const std::size_t first = shares.order(claims).front();
    shares.started(claims[first]);
    if (claims[first].pipeline == 2) ++of_the_rare_one;
  }
  EXPECT_EQ(of_the_rare_one, 25);
}

// Three models on two cores in virtual time, as whole requests: times in ms on one core and on both, those of SqueezeNet, ResNet-50 and
// DenseNet-121, and requests a second when they saturate the machine. Poisson arrivals.
class ThreeModels {
 public:
  struct Seen {
    double p99_ms = 0, per_s = 0;
  };

  // `load`: of each, in parts of its saturated rate.
  static std::vector<Seen> simulate(const std::vector<double>& load, unsigned seed) {
    ThreeModels models(load, seed);
    while (models.now_ < kEnd) models.step();
    std::vector<Seen> seen;
    for (std::vector<double>& latencies : models.latencies_) {
      std::ranges::sort(latencies);
      seen.push_back({latencies[latencies.size() * 99 / 100], static_cast<double>(latencies.size()) / kEnd * 1e6});
    }
    return seen;
  }

 private:
  struct Model {
    double one = 0, both = 0, saturated = 0;
  };
  struct Waiting {
    std::size_t model = 0;
    double since = 0;
  };
  static constexpr std::array<Model, 3> kModels{{{7.1, 4.1, 270}, {81, 44, 25}, {65, 36, 30}}};
  static constexpr double kEnd = 60e6;           // us
  static constexpr std::ptrdiff_t kWindow = 16;  // of each

  ThreeModels(const std::vector<double>& load, unsigned seed) : random_(seed), latencies_(3) {
    for (std::size_t model = 0; model < 3; ++model) {
      gaps_.emplace_back(load[model] * kModels[model].saturated / 1e6);
      arrivals_.push_back(gaps_[model](random_));
    }
  }

  Microseconds time(std::size_t task, std::size_t place) const {
    const Model& model = kModels[waiting_[task].model];
    return Milliseconds(places_[place].width() == 2 ? model.both : model.one);
  }

  static Microseconds machine_time(std::size_t model) { return Milliseconds(kModels[model].one / 2); }
  Clock::time_point moment() const { return Clock::time_point(std::chrono::duration_cast<Clock::duration>(Microseconds(now_))); }

  // To the next arrival or end of a task.
  void step() {
    const auto arrival = std::ranges::min_element(arrivals_);
    double next = *arrival;
    for (const double end : ends_) next = end > now_ ? std::min(next, end) : next;
    now_ = next;
    if (now_ == *arrival) {
      const auto model = static_cast<std::size_t>(arrival - arrivals_.begin());
      *arrival += gaps_[model](random_);
      if (std::ranges::count(waiting_, model, &Waiting::model) < kWindow) {
        waiting_.push_back({model, now_});
        tenants_.arrived(model, 1, moment(), machine_time(model));
      }
    }
    start_what_can();
  }

  void start_what_can() {
    std::vector<Claim> claims;
    for (const Waiting& each : waiting_) {
      claims.push_back(claim(each.model, 1, machine_time(each.model)));
      claims.back().beyond = tenants_.beyond_share(each.model, moment());
    }
    std::vector<Waiting> by_turns;
    for (const std::size_t each : shares_.order(claims)) by_turns.push_back(waiting_[each]);
    waiting_ = by_turns;
    std::vector<Microseconds> busy;
    for (const double end : ends_) busy.emplace_back(std::max(0.0, end - now_));
    std::vector<ReadyTask> ready;
    for (std::size_t i = 0; i < waiting_.size(); ++i)
      ready.push_back({.kind = i, .pipeline = waiting_[i].model, .followers = tenants_.followers(waiting_[i].model, moment())});
    std::vector<std::size_t> started;
    for (const Start& start : decide({places_, busy, ready, tenants_.shared(moment()),
                                      [this](std::size_t task, std::size_t place, int) { return time(task, place); }})
                                  .starts) {
      const Waiting& task = waiting_[start.tasks[0]];
      const double end = now_ + time(start.tasks[0], start.place).count();
      for (const std::size_t worker : places_[start.place].workers) ends_[worker] = end;
      shares_.started(claim(task.model, 1, machine_time(task.model)));
      const auto servers = static_cast<int>(2 / places_[start.place].workers.size());
      const Microseconds service = time(start.tasks[0], start.place);
      tenants_.started(task.model, now_ > task.since, servers, service, service / servers / machine_time(task.model));
      latencies_[task.model].push_back((end - task.since) / 1000);
      started.push_back(start.tasks[0]);
    }
    std::ranges::sort(started, std::greater());
    for (const std::size_t task : started) waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(task));
  }

  const std::vector<Place> places_ = places_of(std::vector<CoreGroup>{{{0}, 0}, {{1}, 0}}, true);
  std::mt19937 random_;
  std::vector<std::exponential_distribution<double>> gaps_;  // by model
  std::vector<double> arrivals_;                             // the next
  std::vector<double> ends_{0, 0};                           // by worker
  std::vector<Waiting> waiting_;
  std::vector<std::vector<double>> latencies_;
  FairShares shares_;
  Tenants tenants_;
  double now_ = 0;
};

TEST(ThreeModels, WhatIsWithinItsShareHardlyFeelsAnOverload) {
  for (const unsigned seed : {1u, 2u, 3u}) {
    const auto quiet = ThreeModels::simulate({0.15, 0.15, 0.15}, seed), loud = ThreeModels::simulate({0.15, 0.15, 3}, seed);
    for (const std::size_t model : {0u, 1u})
      EXPECT_LT(loud[model].p99_ms / quiet[model].p99_ms, 1.2) << "model " << model << ", seed " << seed;
    EXPECT_GT(loud[2].per_s, 0.6 * 30) << "of the saturated rate, beside two at 15 % each";
  }
}

}  // namespace
}  // namespace staronnx
