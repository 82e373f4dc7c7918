#include "staronnx/schedule/variant_choice.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "staronnx/schedule/timetable.h"

namespace staronnx {
namespace {

// So many times the machine's time of the cheapest way may one take for the sake of others. What ways are expected to take was off by up to a fifth of
// what they took, on a virtual machine that is slow for seconds.
constexpr double kForOthers = 1.25;

// How far a chain has been followed.
struct Step {
  Microseconds end{std::numeric_limits<double>::infinity()};
  Microseconds taken{};    // of the whole machine's time
  Microseconds blocked{};  // other pipelines' tasks, all together
  std::size_t place = 0;
  Microseconds begin{};  // in the place

  Microseconds cost(double followers) const { return end + followers * taken + blocked; }
};

class Future {
 public:
  Future(const Outlook& outlook, std::pmr::memory_resource* memory)
      : outlook_(outlook),
        memory_(memory),
        timetable_(outlook.places, outlook.busy, memory),
        shares_(outlook.busy.size(), 0.0, memory),
        prices_(outlook.busy.size(), 0.0, memory) {
    find_shares(prices_, [&](std::size_t worker) { return time_of_first_way(worker); });
    for (std::size_t chain = 0; chain < outlook.under_way.size(); ++chain) book_chain(chain, outlook.under_way[chain]);
  }

  Step of_way(std::size_t way) {
    const std::size_t number = outlook_.under_way.size() + way;
    const Chain& chain = outlook_.ways[way];
    if (chain.limit == kNoLimit) return follow(number, chain, [](const Step&) {});
    const Course course = this->course(number, chain);
    Step last{course.end};
    for (const Course::Step& step : course.steps) {
      const Microseconds time = step.end - step.begin;
      for (const std::size_t worker : outlook_.places[step.place].workers) last.taken += prices_[worker] * time;
      last.blocked += blocks(time, step.place);
    }
    return last;
  }

 private:
  Course course(std::size_t number, const Chain& chain) const {
    return course_of(number, chain, timetable_, outlook_.followers, outlook_.time, memory_);
  }

  void book_chain(std::size_t number, const Chain& chain) {
    if (chain.limit != kNoLimit) return book(timetable_, course(number, chain));
    follow(number, chain, [this](const Step& step) { timetable_.book_from_before(step.place, step.begin, step.end); });
  }

  // To its end.
  Step follow(std::size_t number, const Chain& chain, const auto& book_step) {
    Step last{.end = chain.ready_in};
    unsigned memory = chain.memory;
    for (std::size_t task = 0; task < chain.tasks; ++task) {
      last = best_step(last, [&](std::size_t place) { return outlook_.time(number, task, place, memory); });
      book_step(last);
      memory = outlook_.places[last.place].memory;
    }
    return last;
  }

  // `time`: of the next task, by place.
  Step best_step(const Step& last, const auto& time) {
    find_shares(shares_, time);
    Step best;
    Microseconds least{std::numeric_limits<double>::infinity()};
    for (std::size_t place = 0; place < outlook_.places.size(); ++place) {
      const std::vector<std::size_t>& workers = outlook_.places[place].workers;
      const Microseconds takes = time(place);
      if (last.end + takes >= least) continue;  // though it began at once
      Step step{last.end, last.taken, last.blocked + blocks(takes, place), place};
      for (const std::size_t worker : workers) step.end = std::max(step.end, timetable_.booked_until(worker));
      step.begin = step.end;
      step.end += takes;
      Microseconds taken{};
      for (const std::size_t worker : workers) {
        const Microseconds time_there = step.end - std::max(last.end, timetable_.booked_until(worker));
        taken += shares_[worker] * time_there;
        step.taken += prices_[worker] * time_there;
      }
      const Microseconds cost = step.end + outlook_.followers * taken + step.blocked;
      if (cost < least) least = cost, best = step;
    }
    return best;
  }

  // How long others wait that come during a task, while the rest of the machine does the like: for the first of such places to be free, and
  // each causes its part of that.
  Microseconds blocks(Microseconds time, std::size_t place) const {
    const double places = static_cast<double>(shares_.size()) / static_cast<double>(outlook_.places[place].workers.size());
    return outlook_.others_per_us * time.count() / (places * (places + 1)) * time;
  }

  // Of the machine's rate for tasks that take `time` on each worker alone.
  void find_shares(std::pmr::vector<double>& shares, const auto& time) const {
    for (std::size_t worker = 0; worker < shares.size(); ++worker) shares[worker] = 1 / time(worker).count();
    const double all = machine_rate(outlook_.places, shares.size(), [&](std::size_t worker) { return shares[worker]; });
    for (double& share : shares) share /= all;
  }

  // All its tasks on one worker.
  Microseconds time_of_first_way(std::size_t worker) const {
    Microseconds time{};
    unsigned from = 0;
    for (std::size_t task = 0; task < outlook_.ways[0].tasks; ++task) {
      time += outlook_.time(outlook_.under_way.size(), task, worker, from);
      from = outlook_.places[worker].memory;
    }
    return time;
  }

  const Outlook& outlook_;
  std::pmr::memory_resource* memory_;
  Timetable timetable_;              // with what is under way
  std::pmr::vector<double> shares_;  // by worker, of the task that is looked at
  std::pmr::vector<double> prices_;  // by worker, of the request in the first way: what its time is worth to whatever way
};

}  // namespace

Choice choose_way(const Outlook& outlook, std::pmr::memory_resource* memory) {
  Future future(outlook, memory);
  std::pmr::vector<Step> ends(memory);
  for (std::size_t way = 0; way < outlook.ways.size(); ++way) ends.push_back(future.of_way(way));
  const Microseconds most = kForOthers * std::ranges::min(ends, {}, &Step::taken).taken;
  const auto cost = [&](const Step& last) {
    if (!outlook.beyond_share) return last.cost(outlook.followers);
    return last.taken <= most ? last.blocked : Microseconds(std::numeric_limits<double>::infinity());
  };
  Choice best;
  bool in_time = false;
  for (std::size_t way = 0; way < ends.size(); ++way) {
    const Step &last = ends[way], &least = ends[best.way];
    const bool so = last.end <= outlook.ways[way].limit;
    const bool better = way == 0 || (so == in_time ? (so ? cost(last) < cost(least) : last.end < least.end) : so);
    if (better) in_time = so, best = {way, last.end};
  }
  return best;
}

}  // namespace staronnx
