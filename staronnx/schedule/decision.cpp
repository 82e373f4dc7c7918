#include "staronnx/schedule/decision.h"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "staronnx/schedule/timetable.h"

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
        timetable_(snapshot.places, snapshot.busy, memory),
        begun_until_(snapshot.busy.begin(), snapshot.busy.end(), memory),
        awaits_next_(memory),
        booked_(snapshot.ready.size(), false, memory),
        left_(memory) {
    for (std::size_t worker = 0; worker < snapshot.busy.size(); ++worker) {
      awaits_next_.push_back(snapshot.places[worker].memory != 0);
      begun_until_[worker] = timetable_.booked_until(worker);
    }
    for (const ReadyTask& task : snapshot.ready) {
      std::size_t& left = left_[task.pipeline];
      if (left == 0) left = task.waiting;
      ++left;
    }
  }

  bool any_open() const { return timetable_.any_idle() || std::ranges::find(awaits_next_, true) != awaits_next_.end(); }
  bool is_booked(std::size_t task) const { return booked_[task]; }

  // What comes before the task and is not ready yet.
  void book_coming(std::size_t task) {
    for (; coming_ < snapshot_.coming.size() && snapshot_.coming[coming_].before <= task; ++coming_) {
      const ComingTask& coming = snapshot_.coming[coming_];
      staronnx::book(timetable_, course_of(snapshot_.ready.size() + coming_, coming.chain, timetable_, coming.followers,
                                           snapshot_.time_of_chain, memory_));
    }
  }

  // Books a place for the task, and those that join it, which start now, or are next, or are not decided.
  void book(std::size_t task, Decision& decision) {
    const Way way = best_way(task);
    snapshot_.ready[task].chain.limit == kNoLimit ? book_soonest(task, way, decision) : book_in_time(task, way, decision);
  }

 private:
  void book_soonest(std::size_t task, Way way, Decision& decision) {
    const Course::Step step = step_of(task, way);
    timetable_.book_from_before(step.place, step.begin, step.end);
    decide(step, mates(task, way.batch), decision);
    timetable_.take(step.place);
  }

  void book_in_time(std::size_t task, Way way, Decision& decision) {
    const Microseconds limit = snapshot_.ready[task].chain.limit;
    if (way.batch > 1) {
      const Course::Step step = step_of(task, way);
      const Course rest = rest_of(task, step);
      if (rest.end > limit) return book_soonest(task, way, decision);  // it is worth more than the one that it makes late
      timetable_.book(step.place, step.begin, step.end);
      staronnx::book(timetable_, rest);
      return decide(step, mates(task, way.batch), decision);
    }
    const Course course = course_of(task, snapshot_.ready[task].chain, timetable_, snapshot_.ready[task].followers,
                                    snapshot_.time_of_chain, memory_);
    if (course.end > limit) return book_soonest(task, way, decision);  // late anyhow
    staronnx::book(timetable_, course);
    decide(course.steps.front(), mates(task, 1), decision);
  }

  Course::Step step_of(std::size_t task, Way way) const {
    const Microseconds time = snapshot_.time(task, way.place, way.batch), begin = timetable_.begin(way.place, {}, time);
    return {way.place, begin, begin + time};
  }

  // What comes after the task, which takes that step.
  Course rest_of(std::size_t task, const Course::Step& step) const {
    const Chain& chain = snapshot_.ready[task].chain;
    const auto time = [&](std::size_t number, std::size_t later, std::size_t there, unsigned from) {
      return snapshot_.time_of_chain(number, later + 1, there, from);
    };
    return course_of(task, {chain.tasks - 1, step.end, snapshot_.places[step.place].memory, chain.limit}, timetable_,
                     snapshot_.ready[task].followers, std::ref(time), memory_);
  }

  void decide(const Course::Step& step, std::pmr::vector<std::size_t> tasks, Decision& decision) {
    const std::size_t leader = workers(step.place).front();
    for (const std::size_t mate : tasks) booked_[mate] = true;
    left_[snapshot_.ready[tasks[0]].pipeline] -= tasks.size();
    if (timetable_.is_idle(step.place) && step.begin <= begun_until(step.place)) {
      decision.starts.push_back({step.place, std::move(tasks)});
      for (const std::size_t worker : workers(step.place)) begun_until_[worker] = step.end;
      for (const std::size_t worker : snapshot_.places[step.place].beside) begun_until_[worker] = step.end;
      timetable_.take(step.place);
    } else if (awaits_next_[leader]) {
      awaits_next_[leader] = false;
      decision.next.push_back({step.place, std::move(tasks)});
    }
  }

  // When its workers have ended what they have begun.
  Microseconds begun_until(std::size_t place) const {
    Microseconds until{};
    for (const std::size_t worker : workers(place)) until = std::max(until, begun_until_[worker]);
    return until;
  }

  const std::vector<std::size_t>& workers(std::size_t place) const { return snapshot_.places[place].workers; }

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
        if (cost < least || (cost == least && timetable_.is_idle(place) && !timetable_.is_idle(best.place)))
          least = cost, best = {place, batch};
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

  // Of the machine's rate for such tasks, by worker: in the batches, of so many as there are, that are best there.
  std::pmr::vector<double> shares_of_workers(std::size_t task, std::span<const int> batches) const {
    std::pmr::vector<double> shares(memory_);
    for (std::size_t worker = 0; worker < timetable_.workers(); ++worker) {
      double& share = shares.emplace_back(0);
      for (const int batch : batches) share = std::max(share, batch / snapshot_.time(task, worker, batch).count());
    }
    const double all = machine_rate(snapshot_.places, timetable_.workers(), [&](std::size_t worker) { return shares[worker]; });
    for (double& share : shares) share /= all;
    return shares;
  }

  Microseconds cost_of(std::size_t task, Way way, std::span<const double> shares, double delayed) const {
    const Course::Step step = step_of(task, way);
    Microseconds taken{};  // of the whole machine's time
    for (const std::size_t worker : workers(way.place))
      taken += shares[worker] * (step.end - timetable_.free_since(worker, step.begin));
    return step.end + delayed / way.batch * taken;
  }

  std::pmr::memory_resource* memory_;
  const Snapshot& snapshot_;
  Timetable timetable_;
  std::size_t coming_ = 0;                        // so many coming tasks are booked
  std::pmr::vector<Microseconds> begun_until_;    // by worker: what computes for it ends what runs or starts now
  std::pmr::vector<bool> awaits_next_;            // by worker: in a memory of its own, and nothing is booked after what it does
  std::pmr::vector<bool> booked_;                 // by task
  std::pmr::map<std::size_t, std::size_t> left_;  // tasks that are not booked, and requests that wait, by pipeline
};

}  // namespace

Decision decide(const Snapshot& snapshot, std::pmr::memory_resource* memory) {
  Booking booking(snapshot, memory);
  Decision decision{std::pmr::vector<Start>(memory), std::pmr::vector<Start>(memory)};
  for (std::size_t task = 0; task < snapshot.ready.size() && booking.any_open(); ++task) {
    booking.book_coming(task);
    if (!booking.is_booked(task)) booking.book(task, decision);
  }
  return decision;
}

}  // namespace staronnx
