#include "staronnx/schedule/decision.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <deque>
#include <limits>
#include <map>
#include <ostream>
#include <random>
#include <utility>

#include "staronnx/schedule/demand.h"

namespace staronnx {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Microseconds kIdle{0};

std::vector<Place> cores(std::size_t count, bool elastic) {
  std::vector<CoreGroup> groups;
  for (std::size_t core = 0; core < count; ++core) groups.push_back({{static_cast<int>(core)}, 0});
  return places_of(groups, elastic);
}

// Two cores, 195 us alone and 100 us together: places 0, 1 and 2.
class TwoCores : public testing::Test {
 protected:
  std::pmr::vector<Start> starts(std::vector<Microseconds> busy, std::size_t ready, double followers = 0) const {
    const auto time = [this](std::size_t, std::size_t place, int) {
      return Microseconds(places_[place].width() == 1 ? 195 : 100);
    };
    return decide({places_, busy, std::vector<ReadyTask>(ready, {.followers = followers}), false, time}).starts;
  }

  const std::vector<Place> places_ = cores(2, true);
};

TEST_F(TwoCores, ALoneTaskTakesBoth) {
  EXPECT_THAT(starts({kIdle, kIdle}, 1), ElementsAre(Start{2, {0}}));
}

TEST_F(TwoCores, ManyTasksTakeOneEach) {
  EXPECT_THAT(starts({kIdle, kIdle}, 60), ElementsAre(Start{0, {0}}, Start{1, {1}}));
}

TEST_F(TwoCores, ATaskAloneTakesOneCoreWhenManyAreToFollow) {
  EXPECT_THAT(starts({kIdle, kIdle}, 1, 60), ElementsAre(Start{0, {0}}));
}

TEST_F(TwoCores, ATaskAloneTakesOneCoreWhenManyRequestsWaitBehindIt) {
  const auto time = [this](std::size_t, std::size_t place, int) { return Microseconds(places_[place].width() == 1 ? 195 : 100); };
  EXPECT_THAT(decide({places_, std::vector{kIdle, kIdle}, std::vector<ReadyTask>(1, {.waiting = 60}), false, time}).starts,
              ElementsAre(Start{0, {0}}));
}

TEST_F(TwoCores, ATaskWaitsForTheOtherCoreWhenThatIsSooner) {
  EXPECT_THAT(starts({kIdle, Microseconds(50)}, 1), IsEmpty());
  EXPECT_THAT(starts({kIdle, Microseconds(150)}, 1), ElementsAre(Start{0, {0}}));
}

TEST_F(TwoCores, NothingStartsOnBusyCoresOrWithoutTasks) {
  EXPECT_THAT(starts({Microseconds(1), Microseconds(1)}, 5), IsEmpty());
  EXPECT_THAT(starts({kIdle, kIdle}, 0), IsEmpty());
}

TEST_F(TwoCores, ABacklogOfAnotherPipelineMakesNoTaskNarrow) {
  const auto time = [this](std::size_t, std::size_t place, int) { return Microseconds(places_[place].width() == 1 ? 195 : 100); };
  std::vector<ReadyTask> ready(60, {.pipeline = 7});
  ready.front().pipeline = 8;
  EXPECT_THAT(decide({places_, std::vector{kIdle, kIdle}, ready, true, time}).starts, ElementsAre(Start{2, {0}}));
}

// A fast processor and one ten times slower.
std::pmr::vector<Start> fast_and_slow(Microseconds fast_busy, std::size_t ready) {
  const std::vector<Place> places = cores(2, false);
  const auto time = [](std::size_t, std::size_t place, int) { return Microseconds(place == 0 ? 100 : 1'000); };
  return decide({places, std::vector{fast_busy, kIdle}, std::vector<ReadyTask>(ready), false, time}).starts;
}

TEST(Decide, ASlowProcessorTakesNothingThatAFastOneFinishesSooner) {
  EXPECT_THAT(fast_and_slow(kIdle, 1), ElementsAre(Start{0, {0}}));
  EXPECT_THAT(fast_and_slow(Microseconds(100), 1), IsEmpty());
  EXPECT_THAT(fast_and_slow(kIdle, 9), ElementsAre(Start{0, {0}}));
}

TEST(Decide, ASlowProcessorTakesWhatTheFastOneWouldFinishLater) {
  EXPECT_THAT(fast_and_slow(Microseconds(950), 1), ElementsAre(Start{1, {0}}));
  EXPECT_THAT(fast_and_slow(kIdle, 15), ElementsAre(Start{0, {0}}, testing::Field(&Start::place, 1)));
}

TEST(Decide, AProcessorThatCannotRunATaskGetsNone) {
  const std::vector<Place> places = cores(2, false);
  const auto time = [](std::size_t, std::size_t place, int) { return Microseconds(place == 0 ? 100 : 1e12); };
  EXPECT_THAT(
      decide({places, std::vector{Microseconds(5'000), kIdle}, std::vector<ReadyTask>(30, {.followers = 3}), false, time}).starts,
      IsEmpty());
}

// One here and one with a memory of its own, both at work.
TEST(Decide, SaysWhatIsNextWhereDataHasToTravel) {
  std::vector<Place> places = cores(2, false);
  places[1].memory = 1;
  const auto time = [](std::size_t, std::size_t, int) { return Microseconds(100); };
  const Decision decision =
      decide({places, std::vector{Microseconds(30), Microseconds(20)}, std::vector<ReadyTask>(4), false, time});
  EXPECT_THAT(decision.starts, IsEmpty());
  EXPECT_THAT(decision.next, ElementsAre(Start{1, {0}}));
}

// A GPU that takes 100 us, with two workers, and a core that takes 150.
std::pmr::vector<Start> gpu_and_core(Microseconds first_busy, std::size_t ready) {
  std::vector<Place> places = cores(3, false);
  places[0].memory = places[1].memory = 1;
  places[0].beside = {1}, places[1].beside = {0};
  const auto time = [](std::size_t, std::size_t place, int) { return Microseconds(place < 2 ? 100 : 150); };
  return decide({places, std::vector{first_busy, kIdle, kIdle}, std::vector<ReadyTask>(ready), false, time}).starts;
}

TEST(Decide, WorkersOfOneGpuTakeTurns) {
  EXPECT_THAT(gpu_and_core(Microseconds(90), 1), ElementsAre(Start{2, {0}})) << "the other worker would end it after 190";
  EXPECT_THAT(gpu_and_core(Microseconds(10), 1), ElementsAre(Start{1, {0}})) << "its data travels meanwhile";
  EXPECT_THAT(gpu_and_core(kIdle, 2), ElementsAre(Start{0, {0}}, Start{2, {1}}));
}

// A GPU, idle, and a core at work for 30 us on the first task of a request whose second, 50 us on the GPU, is to end within 90 us.
std::pmr::vector<Start> before_what_comes(Microseconds on_gpu) {
  std::vector<Place> places = cores(2, false);
  places[0].memory = 1;
  const auto time = [&](std::size_t, std::size_t place, int) { return place == 0 ? on_gpu : Microseconds(1'000); };
  const auto time_of_chain = [&](std::size_t chain, std::size_t, std::size_t place, unsigned) {
    return place == 1 ? Microseconds(1'000) : chain == 0 ? on_gpu : Microseconds(50);
  };
  const std::vector<ReadyTask> ready{{.chain = {1, {}, 0, Microseconds(500)}}};
  const std::vector<ComingTask> coming{{0, 0, {1, Microseconds(30), 0, Microseconds(90)}}};
  return decide({places, std::vector{kIdle, Microseconds(30)}, ready, false, time, coming, time_of_chain}).starts;
}

TEST(Decide, WhoIsUnderWayFindsAProcessorFreeThatItNeedsInTime) {
  EXPECT_THAT(before_what_comes(Microseconds(60)), IsEmpty()) << "it would still run then";
  EXPECT_THAT(before_what_comes(Microseconds(30)), ElementsAre(Start{0, {0}})) << "it will have ended";
}

TEST(Decide, ATaskTakesManyCoresThatWouldBeLateOnOneThoughManyWait) {
  const std::vector<Place> places = cores(2, true);
  const auto time = [&](std::size_t, std::size_t place, int) { return Microseconds(places[place].width() == 1 ? 195 : 100); };
  const auto time_of_chain = [&](std::size_t, std::size_t, std::size_t place, unsigned) { return time(0, place, 1); };
  const auto starts = [&](Microseconds limit) {
    const std::vector<ReadyTask> ready{{.followers = 60, .chain = {1, {}, 0, limit}}};
    return decide({places, std::vector{kIdle, kIdle}, ready, false, time, {}, time_of_chain}).starts;
  };
  EXPECT_THAT(starts(Microseconds(200)), ElementsAre(Start{0, {0}}));
  EXPECT_THAT(starts(Microseconds(150)), ElementsAre(Start{2, {0}}));
}

// One processor that takes 100 us a task, and for batches of 2 and 4 what is said.
class Batches : public testing::Test {
 protected:
  std::pmr::vector<Start> starts(Microseconds two, Microseconds four, const std::vector<std::size_t>& kinds) const {
    std::vector<ReadyTask> ready;
    for (const std::size_t kind : kinds) ready.push_back({kind, sizes_});
    const auto time = [&](std::size_t, std::size_t, int batch) {
      return batch == 1 ? Microseconds(100) : batch == 2 ? two : four;
    };
    return decide({places_, std::vector{kIdle}, ready, false, time}).starts;
  }

  const std::vector<Place> places_ = cores(1, false);
  const std::vector<int> sizes_ = {1, 2, 4};
};

TEST_F(Batches, WhatWaitsRunsTogetherWhereThatPays) {
  EXPECT_THAT(starts(Microseconds(110), Microseconds(130), {0, 0, 0, 0, 0}), ElementsAre(Start{0, {0, 1, 2, 3}}));
  EXPECT_THAT(starts(Microseconds(195), Microseconds(390), {0, 0, 0, 0, 0}), ElementsAre(Start{0, {0}}));
  EXPECT_THAT(starts(Microseconds(120), Microseconds(400), {0, 0, 0, 0, 0}), ElementsAre(Start{0, {0, 1}}));
}

TEST_F(Batches, NoneWaitsForOthersToCome) {
  EXPECT_THAT(starts(Microseconds(110), Microseconds(130), {0}), ElementsAre(Start{0, {0}}));
  EXPECT_THAT(starts(Microseconds(110), Microseconds(130), {0, 0, 0}), ElementsAre(Start{0, {0, 1}}));
}

TEST_F(Batches, OnlyTasksOfOneKindRunTogether) {
  EXPECT_THAT(starts(Microseconds(110), Microseconds(130), {7, 8, 7, 8}), ElementsAre(Start{0, {0, 2}}));
  EXPECT_THAT(starts(Microseconds(110), Microseconds(130), {1, 2, 3, 4}), ElementsAre(Start{0, {0}}));
}

// Requests on cores in virtual time. `time`: by width.
struct Simulated {
  Microseconds p50, p99;
};
Simulated simulate(const std::vector<Place>& places, std::size_t workers, const std::map<int, Microseconds>& time,
                   Microseconds gap) {
  constexpr int kRequests = 10'000, kFirst = 1'000;  // those before are not counted: nothing is known of the demand
  std::mt19937 random(1);
  std::exponential_distribution<double> gaps(1 / gap.count());
  const auto at = [](Microseconds moment) { return Clock::time_point(std::chrono::duration_cast<Clock::duration>(moment)); };
  const Microseconds best = time.at(1) / static_cast<double>(workers);
  Demand demand;
  const Microseconds first = kFirst * gap;
  std::vector<Microseconds> ends(workers), latencies;
  std::deque<Microseconds> waiting;  // by arrival
  const auto start_what_can = [&](Microseconds now) {
    std::vector<Microseconds> busy;
    for (const Microseconds end : ends) busy.push_back(std::max(end - now, kIdle));
    const auto time_of = [&](std::size_t, std::size_t place, int) { return time.at(places[place].width()); };
    const std::pmr::vector<Start> starts =
        decide({places, busy, std::vector<ReadyTask>(waiting.size(), {.followers = demand.followers(at(now))}), false, time_of})
            .starts;
    for (const Start& start : starts) {
      const Microseconds end = now + time_of(0, start.place, 1);
      for (const std::size_t worker : places[start.place].workers) ends[worker] = end;
      const auto servers = static_cast<int>(workers / places[start.place].workers.size());
      const Microseconds service = time_of(0, start.place, 1);
      demand.started(now > waiting[start.tasks[0]], servers, service, service / servers / best);
      if (now > first) latencies.push_back(end - waiting[start.tasks[0]]);
    }
    for (std::size_t i = starts.size(); i-- > 0;)
      waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(starts[i].tasks[0]));
  };
  Microseconds arrival{}, now{};
  for (int request = 0; request < kRequests; ++request) {
    arrival += Microseconds(gaps(random));
    for (;;) {  // what ends before
      Microseconds next{1e18};
      for (const Microseconds end : ends) next = end > now ? std::min(next, end) : next;
      if (next > arrival) break;
      now = next;
      start_what_can(now);
    }
    now = arrival;
    waiting.push_back(now);
    demand.arrived(at(now), best);
    start_what_can(now);
  }
  std::ranges::sort(latencies);
  return {latencies[latencies.size() / 2], latencies[latencies.size() * 99 / 100]};
}

std::vector<Place> of_width(const std::vector<Place>& all, int width) {
  std::vector<Place> places;
  for (Place place : all) {
    if (place.width() != width) continue;
    place.workers = {places.size()};
    places.push_back(place);
  }
  return places;
}

// A GPU and cores in virtual time, with always so many requests inside. The GPU takes 5 ms for a batch and 1 ms more for each of it, up to 8; a
// core takes one request at a time.
class OneFastAndCores : public testing::Test {
 protected:
  static constexpr Microseconds kOnCore{30'000};

  static Microseconds on_gpu(int batch) { return Microseconds(5'000 + 1'000 * batch); }

  // Requests a second, and those on cores.
  struct Rates {
    double all = 0, on_cores = 0;
  };
  static Rates rates(std::size_t cores_beside, std::size_t inside, std::size_t waiting) {
    std::vector<Place> places = cores(1 + cores_beside, false);
    places[0].memory = 1;
    const std::vector<int> sizes{1, 2, 4, 8};
    const auto time = [](std::size_t, std::size_t place, int batch) {
      return place == 0 ? on_gpu(batch) : batch == 1 ? kOnCore : Microseconds(std::numeric_limits<double>::infinity());
    };
    std::vector<Microseconds> ends(places.size());
    std::vector<std::size_t> running(places.size());
    Microseconds now{};
    double answered = 0, on_cores = 0;
    std::size_t ready = inside;
    while (now < Seconds(100)) {
      std::vector<Microseconds> busy;
      for (const Microseconds end : ends) busy.push_back(end - now);
      for (const Start& start :
           decide({places, busy, std::vector<ReadyTask>(ready, {.batches = sizes, .waiting = waiting}), false, time}).starts) {
        ends[start.place] = now + time(0, start.place, static_cast<int>(start.tasks.size()));
        running[start.place] = start.tasks.size();
        ready -= start.tasks.size();
      }
      Microseconds next{1e18};
      for (const Microseconds end : ends) next = end > now ? std::min(next, end) : next;
      now = next;
      for (std::size_t place = 0; place < places.size(); ++place) {
        if (ends[place] > now || running[place] == 0) continue;
        answered += static_cast<double>(running[place]), on_cores += place == 0 ? 0 : 1;
        ready += std::exchange(running[place], 0);
      }
    }
    return {answered / Seconds(now).count(), on_cores / Seconds(now).count()};
  }
};

// As many inside as window_for() in flow.cpp gives, and whether or not more wait.
TEST_F(OneFastAndCores, TheGpuBatchesWhileCoresRunOneAtATime) {
  for (const std::size_t beside : {0u, 1u, 2u, 8u}) {
    const double on_all_cores = static_cast<double>(beside) / Seconds(kOnCore).count(),
                 on_gpu_alone = 8 / Seconds(on_gpu(8)).count();
    const auto meanwhile = static_cast<std::size_t>((on_gpu_alone + on_all_cores) * Seconds(kOnCore).count());
    for (const std::size_t waiting : {0u, 10u, 100u}) {
      const Rates both = rates(beside, 1 + beside + meanwhile + 7, waiting);
      EXPECT_GT(both.on_cores, 0.98 * on_all_cores - 0.01) << beside << " cores, " << waiting << " wait";
      EXPECT_GT(both.all, 0.99 * (on_gpu_alone + on_all_cores)) << beside << " cores, " << waiting << " wait";
    }
  }
}

struct Scaling {
  std::map<int, Microseconds> time;  // by width
  double most_p99 = 1.1;             // of the best

  friend void PrintTo(const Scaling& scaling, std::ostream* out) {
    for (const auto& [width, time] : scaling.time) *out << width << ": " << time.count() << " us ";
  }
};
class Elastic : public testing::TestWithParam<Scaling> {};

TEST_P(Elastic, IsAsGoodAsTheBestFixedGroupsAtEveryRate) {
  const auto& [time, most_p99] = GetParam();
  const auto workers = static_cast<std::size_t>(time.rbegin()->first);
  const std::vector<Place> elastic = cores(workers, true);
  for (const double utilisation : {0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95}) {
    const Microseconds gap = time.at(1) / static_cast<double>(workers) / utilisation;
    const Simulated ours = simulate(elastic, workers, time, gap);
    Microseconds best_p50{1e18}, best_p99{1e18};
    for (const auto& [width, each] : time) {
      const std::vector<Place> fixed = of_width(elastic, width);
      if (each / static_cast<double>(fixed.size()) > gap) continue;  // more comes than they can do
      const std::map<int, Microseconds> alone{{1, each}, {width, each}};
      const Simulated theirs = simulate(fixed, fixed.size(), alone, gap);
      best_p50 = std::min(best_p50, theirs.p50), best_p99 = std::min(best_p99, theirs.p99);
    }
    EXPECT_LT(ours.p50 / best_p50, 1.1) << "at " << utilisation;
    EXPECT_LT(ours.p99 / best_p99, most_p99) << "at " << utilisation;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Machines, Elastic,
    testing::Values(
        Scaling{{{1, Microseconds(195)}, {2, Microseconds(100)}}}, Scaling{{{1, Microseconds(184)}, {2, Microseconds(100)}}},
        Scaling{{{1, Microseconds(170)}, {2, Microseconds(100)}}}, Scaling{{{1, Microseconds(150)}, {2, Microseconds(100)}}},
        Scaling{{{1, Microseconds(750)}, {2, Microseconds(380)}, {4, Microseconds(193)}, {8, Microseconds(100)}}},
        // Cores that help each other little: groups of two, the best at the 99th percentile, take 1.3 times as long at the median.
        Scaling{{{1, Microseconds(300)},
                 {2, Microseconds(205)},
                 {4, Microseconds(160)},
                 {8, Microseconds(120)},
                 {16, Microseconds(100)}},
                1.6}));

}  // namespace
}  // namespace staronnx
