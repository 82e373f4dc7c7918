#include "staronnx/schedule/variant_choice.h"

#include <algorithm>
#include <limits>
#include <vector>

namespace staronnx {
namespace {

// How far a chain has been followed.
struct Step {
  Microseconds end{std::numeric_limits<double>::infinity()};
  Microseconds taken{};    // of the whole machine's time
  Microseconds blocked{};  // other pipelines' tasks, all together
  std::size_t place = 0;

  Microseconds cost(double followers) const { return end + followers * taken + blocked; }
};

class Future {
 public:
  Future(const Outlook& outlook, std::pmr::memory_resource* memory)
      : outlook_(outlook),
        free_in_(outlook.busy.begin(), outlook.busy.end(), memory),
        booked_(memory),
        shares_(free_in_.size(), 0.0, memory) {
    for (std::size_t worker = 0; worker < free_in_.size(); ++worker) {
      for (const std::size_t other : outlook.places[worker].beside)
        free_in_[worker] = std::max(free_in_[worker], outlook.busy[other]);
    }
    for (std::size_t chain = 0; chain < outlook.under_way.size(); ++chain) follow(chain, outlook.under_way[chain]);
    booked_ = free_in_;
  }

  Step of_way(std::size_t way) {
    free_in_ = booked_;
    return follow(outlook_.under_way.size() + way, outlook_.ways[way]);
  }

 private:
  // To its end; books the places.
  Step follow(std::size_t number, const Chain& chain) {
    Step last{.end = chain.ready_in};
    unsigned memory = chain.memory;
    for (std::size_t task = 0; task < chain.tasks; ++task) {
      last = best_step(last, [&](std::size_t place) { return outlook_.time(number, task, place, memory); });
      for (const std::size_t worker : outlook_.places[last.place].workers) free_in_[worker] = last.end;
      for (const std::size_t worker : outlook_.places[last.place].beside) free_in_[worker] = last.end;
      memory = outlook_.places[last.place].memory;
    }
    return last;
  }

  // `time`: of the next task, by place.
  Step best_step(const Step& last, const auto& time) {
    find_shares(time);
    Step best;
    for (std::size_t place = 0; place < outlook_.places.size(); ++place) {
      const std::vector<std::size_t>& workers = outlook_.places[place].workers;
      Step step{last.end, last.taken, last.blocked + blocks(time(place), workers.size()), place};
      for (const std::size_t worker : workers) step.end = std::max(step.end, free_in_[worker]);
      step.end += time(place);
      for (const std::size_t worker : workers) step.taken += shares_[worker] * (step.end - std::max(last.end, free_in_[worker]));
      if (step.cost(outlook_.followers) < best.cost(outlook_.followers)) best = step;
    }
    return best;
  }

  // How long others wait that come during a task, while the rest of the machine does the like: for the first of `places` to be free, and each
  // place causes its part of that.
  Microseconds blocks(Microseconds time, std::size_t width) const {
    const double places = static_cast<double>(free_in_.size()) / static_cast<double>(width);
    return outlook_.others_per_us * time.count() / (places * (places + 1)) * time;
  }

  // Of the machine's rate for tasks that take `time` on each worker alone.
  void find_shares(const auto& time) {
    double all = 0;
    for (std::size_t worker = 0; worker < shares_.size(); ++worker) {
      shares_[worker] = 1 / time(worker).count();
      all += shares_[worker] / static_cast<double>(1 + outlook_.places[worker].beside.size());
    }
    for (double& share : shares_) share /= all;
  }

  const Outlook& outlook_;
  std::pmr::vector<Microseconds> free_in_, booked_;  // by worker: what computes for it; the latter by what is under way
  std::pmr::vector<double> shares_;                  // by worker, of the task that is looked at
};

}  // namespace

Choice choose_way(const Outlook& outlook, std::pmr::memory_resource* memory) {
  Future future(outlook, memory);
  Choice best;
  Step least;
  for (std::size_t way = 0; way < outlook.ways.size(); ++way) {
    const Step last = future.of_way(way);
    if (last.cost(outlook.followers) < least.cost(outlook.followers)) least = last, best = {way, last.end};
  }
  return best;
}

}  // namespace staronnx
