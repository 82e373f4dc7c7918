#include "staronnx/schedule/decision.h"

#include <algorithm>
#include <limits>
#include <map>

namespace staronnx {
namespace {

// How one or more tasks could run.
struct Way {
  std::size_t place = 0;
  int batch = 1;
};

// Goes through the ready tasks and books their places.
class Booking {
 public:
  Booking(const Snapshot& snapshot, std::pmr::memory_resource* memory)
      : memory_(memory),
        snapshot_(snapshot),
        free_in_(snapshot.busy.begin(), snapshot.busy.end(), memory),
        idle_(memory),
        awaits_next_(memory),
        booked_(snapshot.ready.size(), false, memory),
        left_(memory) {
    for (const Microseconds busy : snapshot.busy) idle_.push_back(busy.count() <= 0);
    for (std::size_t worker = 0; worker < idle_.size(); ++worker) {
      awaits_next_.push_back(snapshot.places[worker].memory != 0);
      for (const std::size_t other : snapshot.places[worker].beside)
        free_in_[worker] = std::max(free_in_[worker], snapshot.busy[other]);
    }
    for (const ReadyTask& task : snapshot.ready) {
      std::size_t& left = left_[task.pipeline];
      if (left == 0) left = task.waiting;
      ++left;
    }
  }

  bool any_open() const {
    return std::ranges::find(idle_, true) != idle_.end() || std::ranges::find(awaits_next_, true) != awaits_next_.end();
  }
  bool is_booked(std::size_t task) const { return booked_[task]; }

  // Books a place for the task, and those that join it, which start now, or are next, or are not decided.
  void book(std::size_t task, Decision& decision) {
    const Way way = best_way(task);
    Start start{way.place, mates(task, way.batch)};
    const bool starts = is_idle(way.place);
    const Microseconds end = begin_at(way.place) + snapshot_.time(task, way.place, way.batch);
    for (const std::size_t worker : workers(way.place)) free_in_[worker] = end, idle_[worker] = false;
    for (const std::size_t worker : snapshot_.places[way.place].beside) free_in_[worker] = end;
    for (const std::size_t mate : start.tasks) booked_[mate] = true;
    left_[snapshot_.ready[task].pipeline] -= start.tasks.size();
    const std::size_t leader = workers(way.place).front();
    if (starts) {
      decision.starts.push_back(std::move(start));
    } else if (awaits_next_[leader]) {
      awaits_next_[leader] = false;
      decision.next.push_back(std::move(start));
    }
  }

 private:
  const std::vector<std::size_t>& workers(std::size_t place) const { return snapshot_.places[place].workers; }

  bool is_idle(std::size_t place) const {
    return std::ranges::all_of(workers(place), [&](std::size_t worker) { return idle_[worker]; });
  }

  // The task and those of its kind that follow, `most` at most.
  std::pmr::vector<std::size_t> mates(std::size_t task, int most) const {
    std::pmr::vector<std::size_t> found(memory_);
    for (std::size_t other = task; other < booked_.size() && std::ssize(found) < most; ++other) {
      if (!booked_[other] && snapshot_.ready[other].kind == snapshot_.ready[task].kind) found.push_back(other);
    }
    return found;
  }

  Way best_way(std::size_t task) const {
    static constexpr int kOne[] = {1};
    const std::span<const int> known = snapshot_.ready[task].batches;
    const std::ptrdiff_t there = known.size() < 2 ? 1 : std::ssize(mates(task, known.back()));
    const std::span<const int> batches =
        there == 1 ? std::span<const int>(kOne)
                   : known.first(static_cast<std::size_t>(std::ranges::upper_bound(known, there) - known.begin()));
    const std::pmr::vector<double> shares = shares_of_workers(task, batches);
    const double behind = ready_together(), delayed = behind - 1 + snapshot_.ready[task].followers * behind;
    Way best;
    Microseconds least{std::numeric_limits<double>::infinity()};
    for (std::size_t place = 0; place < snapshot_.places.size(); ++place) {
      for (const int batch : batches) {
        const Microseconds cost = cost_of(task, {place, batch}, shares, delayed);
        if (cost < least || (cost == least && is_idle(place) && !is_idle(best.place))) least = cost, best = {place, batch};
      }
    }
    return best;
  }

  // Those that are ready and would be delayed by one of them, with it.
  double ready_together() const {
    std::size_t tasks = 0, pipelines = 0;
    for (const auto& [pipeline, left] : left_) tasks += left, pipelines += left > 0 ? 1 : 0;
    return static_cast<double>(snapshot_.shared ? pipelines : tasks);
  }

  Microseconds begin_at(std::size_t place) const {
    Microseconds begin{};
    for (const std::size_t worker : workers(place)) begin = std::max(begin, free_in_[worker]);
    return begin;
  }

  // Of the machine's rate for such tasks, by worker: in the batches, of so many as there are, that are best there.
  std::pmr::vector<double> shares_of_workers(std::size_t task, std::span<const int> batches) const {
    std::pmr::vector<double> shares(memory_);
    double all = 0;
    for (std::size_t worker = 0; worker < idle_.size(); ++worker) {
      double& share = shares.emplace_back(0);
      for (const int batch : batches) share = std::max(share, batch / snapshot_.time(task, worker, batch).count());
      all += share / static_cast<double>(1 + snapshot_.places[worker].beside.size());
    }
    for (double& share : shares) share /= all;
    return shares;
  }

  Microseconds cost_of(std::size_t task, Way way, std::span<const double> shares, double delayed) const {
    const Microseconds end = begin_at(way.place) + snapshot_.time(task, way.place, way.batch);
    Microseconds taken{};  // of the whole machine's time
    for (const std::size_t worker : workers(way.place)) taken += shares[worker] * (end - free_in_[worker]);
    return end + delayed / way.batch * taken;
  }

  std::pmr::memory_resource* memory_;
  const Snapshot& snapshot_;
  std::pmr::vector<Microseconds> free_in_;        // by worker: what computes for it
  std::pmr::vector<bool> idle_;                   // by worker: and not booked
  std::pmr::vector<bool> awaits_next_;            // by worker: in a memory of its own, and nothing is booked after what it does
  std::pmr::vector<bool> booked_;                 // by task
  std::pmr::map<std::size_t, std::size_t> left_;  // tasks that are not booked, and requests that wait, by pipeline
};

}  // namespace

Decision decide(const Snapshot& snapshot, std::pmr::memory_resource* memory) {
  Booking booking(snapshot, memory);
  Decision decision{std::pmr::vector<Start>(memory), std::pmr::vector<Start>(memory)};
  for (std::size_t task = 0; task < snapshot.ready.size() && booking.any_open(); ++task) {
    if (!booking.is_booked(task)) booking.book(task, decision);
  }
  return decision;
}

}  // namespace staronnx
